from odoo import fields, models
from odoo.exceptions import UserError

#: What a posted line of usage says was billed.
BILLED = {
    "quantity",
    "price_unit",
    "discount",
    "product_id",
    "product_uom_id",
    "usage_charge_id",
    "usage_component_id",
    "usage_adjustment_id",
    "usage_adjustment_component_id",
}


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    usage_charge_id = fields.Many2one("usage.charge", copy=False, ondelete="restrict", index="btree_not_null")
    usage_component_id = fields.Many2one(
        "usage.charge.component",
        string="Charge Component",
        copy=False,
        ondelete="restrict",
    )

    usage_adjustment_id = fields.Many2one("usage.adjustment", copy=False, ondelete="restrict", index="btree_not_null")
    usage_adjustment_component_id = fields.Many2one(
        "usage.adjustment.component",
        string="Adjustment Component",
        copy=False,
        ondelete="restrict",
    )

    usage_date_start = fields.Date(string="Period Start", readonly=True)
    usage_date_end = fields.Date(string="Period End", readonly=True, help="First day after what the line bills.")

    _usage_adjustment_once = models.UniqueIndex(
        "(usage_adjustment_component_id) WHERE usage_adjustment_component_id IS NOT NULL"
        " AND parent_state IS DISTINCT FROM 'cancel'",
        "This difference is on another invoice already.",
    )

    def _compute_tax_ids(self):
        """Lines of usage that sell the same product on one invoice bear the same taxes: they are worked out once."""
        usage = self.filtered(lambda line: line.usage_charge_id and line.product_id)
        same = usage.grouped(lambda line: (line.move_id, line.product_id, line.account_id, line.product_uom_id))
        others = self.browse().concat(*(lines[1:] for lines in same.values()))
        result = super(AccountMoveLine, self - others)._compute_tax_ids()
        for lines in same.values():
            lines[1:].tax_ids = lines[:1].tax_ids
        return result

    def write(self, vals):
        if BILLED & vals.keys() and (posted := self._posted_usage()._changed_by(vals)):
            raise UserError(
                self.env._(
                    "%(line)s of %(invoice)s shows usage and is posted: what it billed stays. Credit the invoice, or "
                    "correct the usage or its price: the difference is billed then.",
                    line=posted[0].name or posted[0].display_name,
                    invoice=posted[0].move_id.display_name,
                )
            )
        return super().write(vals)

    def _posted_usage(self):
        return self.filtered(
            lambda line: line.parent_state == "posted" and (line.usage_charge_id or line.usage_adjustment_id)
        )

    def _changed_by(self, vals):
        """Those of these lines that some of the values would change."""
        return self.filtered(
            lambda line: any(
                self._fields[name].convert_to_cache(vals[name], line) != line[name]
                if not self._fields[name].relational
                else (vals[name] or False) != line[name].id
                for name in BILLED & vals.keys()
            )
        )

    def action_open_usage_charge(self):
        """Open the charge that this invoice line shows."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Charge"),
            "res_model": "usage.charge",
            "res_id": self.usage_charge_id.id,
            "view_mode": "form",
        }

    def action_open_usage_adjustment(self):
        """Open the adjustment that this invoice line shows."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Adjustment"),
            "res_model": "usage.adjustment",
            "res_id": self.usage_adjustment_id.id,
            "view_mode": "form",
        }
