from odoo import api, fields, models
from odoo.exceptions import UserError

from ..invoicing.own_marks import is_marked

#: What a line of usage says is billed.
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
        computed = super(AccountMoveLine, self - others)._compute_tax_ids()
        for lines in same.values():
            lines[1:].tax_ids = lines[:1].tax_ids
        return computed

    def _compute_price_unit(self):
        """The price of usage comes from its charge, whatever the product costs."""
        return super(AccountMoveLine, self - self.filtered(lambda line: line._shows_usage()))._compute_price_unit()

    def write(self, vals):
        if BILLED & vals.keys() and not is_marked(self.env, "usage_turns_round"):
            shown = self.filtered(lambda line: line._shows_usage() and line.parent_state != "cancel")
            if changed := shown._changed_by(vals):
                changed[0]._refuse_change()
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_keeps_usage(self):
        """What is billed of a charge or an adjustment stays on its invoice until that is cancelled or deleted."""
        billed = self.filtered(
            lambda line: (
                line._shows_usage()
                and "invoiced" in (line.sudo().usage_charge_id.state, line.sudo().usage_adjustment_id.state)
            )
        )
        if billed:
            billed[0]._refuse_change()

    def _shows_usage(self):
        """Whether the line bills a part of a charge or of an adjustment; words do not."""
        return self.display_type == "product" and bool(self.usage_charge_id or self.usage_adjustment_id)

    def _refuse_change(self):
        words = {"line": self.name or self.display_name, "invoice": self.move_id.display_name}
        if self.parent_state == "posted":
            raise UserError(
                self.env._(
                    "%(line)s of %(invoice)s shows usage and is posted: what it billed stays. Credit the invoice, or "
                    "correct the usage or its price: the difference is billed then.",
                    **words,
                )
            )
        raise UserError(
            self.env._(
                "%(line)s of %(invoice)s shows usage: it says what its charge says. Correct the usage or its price, or "
                "add a line of your own for what you grant. Cancel the draft to invoice its period anew.",
                **words,
            )
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
