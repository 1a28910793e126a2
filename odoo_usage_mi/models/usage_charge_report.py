from odoo import fields, models
from odoo.tools import SQL


class UsageChargeReport(models.Model):
    """Components of charges that count, rated or invoiced, and of accepted and invoiced adjustments of them."""

    _name = "usage.charge.report"
    _description = "Charge Analysis"
    _auto = False
    _order = "date_start DESC, id DESC"
    _rec_name = "name"
    _depends = {
        "usage.charge": [
            "contract_id",
            "contract_line_id",
            "date_start",
            "date_end",
            "metric_id",
            "partner_id",
            "period_id",
            "state",
        ],
        "usage.charge.component": ["amount", "charge_id", "kind", "name", "quantity"],
        "usage.billing.period": ["move_id"],
        "usage.adjustment": ["charge_id", "move_id", "state"],
        "usage.adjustment.component": ["adjustment_id", "amount", "kind", "name", "quantity"],
    }

    charge_id = fields.Many2one("usage.charge", readonly=True)
    adjustment_id = fields.Many2one("usage.adjustment", readonly=True)
    name = fields.Char(string="Component", readonly=True)
    kind = fields.Selection(
        [
            ("usage", "Usage"),
            ("fixed", "Fixed"),
            ("discount", "Discount"),
            ("baseline", "Baseline"),
            ("excess", "Above Baseline"),
            ("credit", "Credit"),
            ("commitment", "Commitment"),
            ("minimum", "Minimum"),
            ("cap", "Cap"),
            ("adjustment", "Adjustment"),
        ],
        readonly=True,
    )
    date_start = fields.Date(string="First Day", readonly=True)
    date_end = fields.Date(string="First Day After", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Customer", readonly=True)
    contract_id = fields.Many2one("contract.contract", readonly=True)
    contract_line_id = fields.Many2one("contract.line", readonly=True)
    metric_id = fields.Many2one("usage.metric", readonly=True)
    move_id = fields.Many2one("account.move", string="Invoice", readonly=True)
    state = fields.Selection([("rated", "Rated"), ("invoiced", "Invoiced")], readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    quantity = fields.Float(digits=(32, 9), readonly=True)
    amount = fields.Monetary(readonly=True)

    @property
    def _table_query(self):
        return SQL(
            "%s %s %s UNION ALL %s %s %s",
            self._select(),
            self._from(),
            self._where(),
            self._select_adjusted(),
            self._from_adjusted(),
            self._where_adjusted(),
        )

    def _select(self):
        return SQL(
            "SELECT p.id, p.charge_id, NULL::integer AS adjustment_id, p.name, p.kind, c.date_start, c.date_end,"
            " c.company_id, c.partner_id, c.contract_id, c.contract_line_id, c.metric_id, b.move_id,"
            " c.state, c.currency_id, p.quantity, p.amount"
        )

    def _from(self):
        return SQL(
            "FROM usage_charge_component p"
            " JOIN usage_charge c ON c.id = p.charge_id"
            " JOIN usage_billing_period b ON b.id = c.period_id"
        )

    def _where(self):
        """Facts without money would count quantities twice."""
        return SQL("WHERE c.state <> 'released' AND p.kind <> 'information'")

    def _select_adjusted(self):
        """The same of differences. Their ids are below zero, so that they are no charge component's."""
        return SQL(
            "SELECT -p.id, a.charge_id, a.id, p.name, p.kind, a.date_start, a.date_end,"
            " a.company_id, a.partner_id, a.contract_id, a.contract_line_id, a.metric_id, a.move_id,"
            " CASE a.state WHEN 'accepted' THEN 'rated' ELSE a.state END, a.currency_id, p.quantity, p.amount"
        )

    def _from_adjusted(self):
        return SQL("FROM usage_adjustment_component p JOIN usage_adjustment a ON a.id = p.adjustment_id")

    def _where_adjusted(self):
        """What nobody has decided, or was given up, is no revenue."""
        return SQL("WHERE a.state IN ('accepted', 'invoiced') AND p.kind <> 'information'")

    def action_open_charge(self):
        """Open the charge that this component belongs to."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Usage Charge"),
            "res_model": "usage.charge",
            "res_id": self.charge_id.id,
            "view_mode": "form",
        }
