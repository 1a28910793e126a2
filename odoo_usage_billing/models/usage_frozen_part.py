from odoo import api, models
from odoo.exceptions import UserError


class UsageFrozenPart(models.AbstractModel):
    """Tiers, bands and rows of a version: as frozen as their version is.

    PostgreSQL refuses the change as well; here it is said in a sentence.
    """

    _name = "usage.frozen.part"
    _description = "Part of a Rate Card Version"

    def _refuse_frozen(self, versions):
        frozen = versions.filtered(lambda version: version.state == "frozen")
        if frozen:
            raise UserError(
                self.env._(
                    "%(version)s was used to rate usage, so its prices are frozen. Copy it to "
                    "a new version and change that one.",
                    version=frozen[0].display_name,
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        ids = {vals["version_id"] for vals in vals_list if vals.get("version_id")}
        self._refuse_frozen(self.env["usage.rate.card.version"].browse(ids))
        return super().create(vals_list)

    def write(self, vals):
        self._refuse_frozen(self.version_id)
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_unless_frozen(self):
        self._refuse_frozen(self.version_id)

    def _guard_in_database(self):
        """Let PostgreSQL refuse changes of what a frozen version is made of."""
        self.env.cr.execute(GUARD)
        for statement in TRIGGERS[self._table]:
            self.env.cr.execute(statement)


GUARD = """
CREATE OR REPLACE FUNCTION usage_price_part_is_frozen() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT FROM usage_rate_card_version
                WHERE state = 'frozen'
                  AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END,
                             CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END))
    THEN RAISE EXCEPTION 'Prices that usage was rated with are facts: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$ LANGUAGE plpgsql;
"""
TRIGGERS = {
    "usage_rate_card_tier": (
        "DROP TRIGGER IF EXISTS usage_tier_frozen ON usage_rate_card_tier",
        "CREATE TRIGGER usage_tier_frozen BEFORE INSERT OR UPDATE OR DELETE ON usage_rate_card_tier"
        " FOR EACH ROW EXECUTE FUNCTION usage_price_part_is_frozen()",
    ),
    "usage_rate_card_band": (
        "DROP TRIGGER IF EXISTS usage_band_frozen ON usage_rate_card_band",
        "CREATE TRIGGER usage_band_frozen BEFORE INSERT OR UPDATE OR DELETE ON usage_rate_card_band"
        " FOR EACH ROW EXECUTE FUNCTION usage_price_part_is_frozen()",
    ),
    "usage_rate_card_row": (
        "DROP TRIGGER IF EXISTS usage_row_frozen ON usage_rate_card_row",
        "CREATE TRIGGER usage_row_frozen BEFORE INSERT OR UPDATE OR DELETE ON usage_rate_card_row"
        " FOR EACH ROW EXECUTE FUNCTION usage_price_part_is_frozen()",
    ),
}
