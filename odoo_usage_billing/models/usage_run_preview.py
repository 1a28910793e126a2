from datetime import timedelta

from odoo import api, fields, models

FINDINGS = [
    ("pending", "Not looked at yet"),
    ("failed", "Would fail"),
    ("held", "Would be held"),
    ("outlier", "Outlier"),
    ("first", "First invoice"),
    ("usual", "As usual"),
    ("unforeseen", "Not foreseen"),
]
OUTCOMES = [
    ("same", "As previewed"),
    ("differs", "Differs"),
    ("not_invoiced", "Not invoiced"),
    ("unforeseen", "Not foreseen"),
]
KEPT_DAYS = 400


class UsageRunPreview(models.Model):
    """What a billing run would invoice a contract for one turn, beside what it was invoiced before.

    Rehearsed by the run's own code, of which nothing is kept but these figures. After the run they say what it did.
    A contract that is several periods behind has a row for each.
    """

    _name = "usage.run.preview"
    _description = "Billing Run Preview"
    _order = "rank, deviation DESC, id"
    _rec_name = "contract_id"

    run_id = fields.Many2one("usage.billing.run", required=True, index=True, readonly=True, ondelete="cascade")
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    contract_id = fields.Many2one("contract.contract", required=True, index=True, readonly=True, ondelete="cascade")
    partner_id = fields.Many2one(related="contract_id.partner_id", string="Customer", store=True)
    currency_id = fields.Many2one("res.currency", required=True, readonly=True)
    turn = fields.Integer(readonly=True, help="The how manieth period of the contract that is due.")
    date_invoice = fields.Date(string="Invoice Date", readonly=True)
    line_ids = fields.One2many("usage.run.preview.line", "preview_id", readonly=True)
    amount_untaxed = fields.Monetary(string="Untaxed", readonly=True)
    amount_tax = fields.Monetary(string="Taxes", readonly=True)
    amount_total = fields.Monetary(string="Total", readonly=True)
    amount_held = fields.Monetary(string="Held", readonly=True, help="What is beyond a safety bound.")
    amount_last = fields.Monetary(
        string="Last", readonly=True, help="What the contract was invoiced for last, untaxed."
    )
    amount_usual = fields.Monetary(string="Usually", readonly=True, help="Median of up to twelve earlier invoices.")
    has_earlier = fields.Boolean(readonly=True)
    usual_ratio = fields.Float(
        string="Times Usual", readonly=True, aggregator="avg", help="Untaxed amount by the usual, or else the last one."
    )
    deviation = fields.Float(
        readonly=True, help="How far the amount is from the usual one, in the company's currency, whatever its sign."
    )
    finding = fields.Selection(FINDINGS, required=True, default="pending", readonly=True, index=True)
    rank = fields.Integer(readonly=True, aggregator=None, help="The most urgent finding comes first.")
    message = fields.Text(string="Reason", readonly=True)
    amount_invoiced = fields.Monetary(string="Invoiced", readonly=True, help="What the run invoiced, untaxed.")
    amount_difference = fields.Monetary(
        string="Invoiced Less Previewed", compute="_compute_amount_difference", store=True
    )
    outcome = fields.Selection(OUTCOMES, string="The Run", readonly=True, index=True)

    @api.depends("amount_invoiced", "amount_untaxed", "outcome")
    def _compute_amount_difference(self):
        for preview in self:
            preview.amount_difference = preview.outcome and preview.amount_invoiced - preview.amount_untaxed

    @api.model_create_multi
    def create(self, vals_list):
        order = [finding for finding, _label in FINDINGS]
        for vals in vals_list:
            vals["rank"] = order.index(vals.get("finding", "pending"))
        return super().create(vals_list)

    @api.model
    def action_start_run(self):
        """Start the run that is being previewed and show it."""
        run = self.env["usage.billing.run"].browse(self.env.context.get("usage_run_id")).exists()
        run.action_start()
        return run._action_open()

    def action_open_contract(self):
        """Open the contract."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "contract.contract",
            "res_id": self.contract_id.id,
            "view_mode": "form",
        }

    @api.autovacuum
    def _gc_old(self):
        """Previews go after about a year; their runs and invoices stay."""
        old = fields.Datetime.now() - timedelta(days=KEPT_DAYS)
        found = self.search([("create_date", "<", old)], limit=5000)
        found.unlink()
        return len(found), len(found) == 5000
