from odoo import fields, models

from ..store.schema import refuse_truncate


class UsageChargeComponent(models.Model):
    """One part of a charge: what one invoice line shows. Belongs to its charge for ever."""

    _name = "usage.charge.component"
    _description = "Charge Component"
    _order = "charge_id, sequence, id"

    charge_id = fields.Many2one("usage.charge", required=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, ondelete="restrict")
    sequence = fields.Integer(default=10)
    code = fields.Char(required=True)
    kind = fields.Char(required=True)
    name = fields.Char(required=True)
    quantity = fields.Float(digits=False, min_display_digits=2)
    unit_price = fields.Float(digits=False, min_display_digits=2)
    amount_exact = fields.Float(string="Exact Amount", digits=False, min_display_digits=2)
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    amount = fields.Monetary()
    move_line_id = fields.Many2one(
        "account.move.line",
        string="Invoice Line",
        index="btree_not_null",
        ondelete="set null",
        readonly=True,
    )

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(
            """
            CREATE OR REPLACE FUNCTION usage_component_is_fact() RETURNS trigger AS $$
            BEGIN
                IF TG_OP = 'DELETE' OR (
                    NEW.charge_id, NEW.code, NEW.quantity, NEW.unit_price, NEW.amount)
                    IS DISTINCT FROM (
                    OLD.charge_id, OLD.code, OLD.quantity, OLD.unit_price, OLD.amount)
                THEN RAISE EXCEPTION 'A charge is a fact: % is refused. Rate again instead.',
                    TG_OP USING ERRCODE = 'restrict_violation';
                END IF;
                RETURN NEW;
            END $$ LANGUAGE plpgsql;
            DROP TRIGGER IF EXISTS usage_component_fact ON usage_charge_component;
            CREATE TRIGGER usage_component_fact BEFORE UPDATE OR DELETE
                ON usage_charge_component
                FOR EACH ROW EXECUTE FUNCTION usage_component_is_fact();
            """
        )
