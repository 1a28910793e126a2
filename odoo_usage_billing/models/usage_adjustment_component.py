from odoo import fields, models

from ..store.schema import refuse_truncate


class UsageAdjustmentComponent(models.Model):
    """One part of an adjustment: what one invoice line shows. Belongs to its adjustment for ever."""

    _name = "usage.adjustment.component"
    _description = "Adjustment Component"
    _order = "adjustment_id, sequence, id"

    adjustment_id = fields.Many2one("usage.adjustment", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    sequence = fields.Integer(default=10)
    code = fields.Char(required=True)
    kind = fields.Char(required=True)
    name = fields.Char(required=True)
    quantity = fields.Float(digits=False, min_display_digits=2)
    unit_price = fields.Float(digits=False, min_display_digits=2)
    per = fields.Float(string="Price Per", digits=False, min_display_digits=2)
    amount_exact = fields.Float(string="Exact Amount", digits=False, min_display_digits=2)
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    amount = fields.Monetary()
    move_line_id = fields.Many2one(
        "account.move.line", string="Invoice Line", index="btree_not_null", ondelete="set null", readonly=True
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION usage_adjustment_component_is_fact() RETURNS trigger AS $$
            BEGIN
                IF TG_OP = 'DELETE' OR to_jsonb(OLD) - ARRAY['move_line_id', 'write_uid', 'write_date']
                    IS DISTINCT FROM to_jsonb(NEW) - ARRAY['move_line_id', 'write_uid', 'write_date']
                THEN RAISE EXCEPTION 'An adjustment is a fact: % of a component is refused.', TG_OP
                    USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS usage_adjustment_component_fact ON usage_adjustment_component;
            CREATE TRIGGER usage_adjustment_component_fact BEFORE UPDATE OR DELETE ON usage_adjustment_component
                FOR EACH ROW EXECUTE FUNCTION usage_adjustment_component_is_fact();
            """
        )
