from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..invoicing.terms import rate_text


class ContractLine(models.Model):
    """What a usage line agrees beside its rate card: rating term, own prices, pool."""

    _inherit = "contract.line"

    usage_rating_term = fields.Selection(
        [
            ("period", "Billing period"),
            ("monthly", "Month"),
            ("quarterly", "Quarter"),
            ("yearly", "Year"),
            ("deal", "Whole deal"),
        ],
        string="Rating Term",
        required=True,
        default="period",
        help="The time over which tiers, packages, baselines, minimums and caps count. Usage is rated over "
        "the term so far and what was billed before is taken off, so that the total does not depend on how "
        "often it is billed.",
    )
    usage_term_anchor = fields.Selection(
        [("calendar", "Calendar"), ("start", "Start of the line")],
        string="Terms Begin With",
        required=True,
        default="calendar",
    )
    usage_override_ids = fields.One2many("usage.price.override", "contract_line_id", string="Own Prices", copy=True)
    usage_pool_line_id = fields.Many2one(
        "contract.line",
        string="Pooled Into",
        index="btree_not_null",
        ondelete="restrict",
        copy=False,
        domain="[('usage_metric_id', '=', usage_metric_id), ('id', '!=', id), ('usage_pool_line_id', '=', False)]",
        help="The usage and baseline of this line count on that line, which bills the excess of the whole pool. "
        "This line bills its own baseline fee only. Lines of other contracts, sites and affiliates may share "
        "a pool.",
    )
    usage_pool_member_ids = fields.One2many("contract.line", "usage_pool_line_id", string="Pool Members")

    _usage_deal_has_end = models.Constraint(
        "CHECK (usage_rating_term IS DISTINCT FROM 'deal' OR date_end IS NOT NULL)",
        "A rating term over the whole deal needs an end date on the contract line.",
    )

    def _usage_unit(self):
        """The unit that usage is priced and shown in: the card's, else the metric's."""
        return self.usage_rate_card_id.uom_id or self.usage_metric_id.uom_id

    def _usage_currency_rate(self, day, card=None):
        """What one unit of the card's currency is worth in the contract's on a local day, as text."""
        self.ensure_one()
        card, currency = card or self.usage_rate_card_id, self.contract_id.currency_id
        if card.currency_id == currency:
            return "1"
        self._require_currency_rate(card)
        priced = card.currency_id
        return rate_text(priced._get_conversion_rate(priced, currency, self.company_id, day))

    def _require_currency_rate(self, card):
        """Refuse a card in a currency that has no rate to the contract's."""
        company = self.company_id
        for currency in (card.currency_id, self.contract_id.currency_id):
            if currency == company.currency_id:
                continue
            domain = [("currency_id", "=", currency.id), ("company_id", "in", (False, company.root_id.id))]
            if not self.env["res.currency.rate"].sudo().search_count(domain, limit=1):
                raise ValidationError(
                    self.env._(
                        "%(card)s is priced in %(card_currency)s, contract %(contract)s is invoiced in %(currency)s, "
                        "and %(missing)s has no exchange rate. Enter one, or choose a card in the contract's currency.",
                        card=card.name,
                        card_currency=card.currency_id.name,
                        contract=self.contract_id.name,
                        currency=self.contract_id.currency_id.name,
                        missing=currency.name,
                    )
                )

    @api.constrains("usage_metric_id", "usage_rate_card_id", "contract_id")
    def _check_usage_card(self):
        for line in self.filtered(lambda line: line.usage_metric_id and line.usage_rate_card_id):
            card, metric = line.usage_rate_card_id, line.usage_metric_id
            if line.contract_id.currency_id and card.currency_id != line.contract_id.currency_id:
                line._require_currency_rate(card)
            if card.uom_id and not card.uom_id._has_common_reference(metric.uom_id):
                raise ValidationError(
                    self.env._(
                        "%(card)s is priced per %(priced)s, but %(metric)s is measured in %(measured)s, and the two "
                        "cannot be converted. Choose another unit on one of them.",
                        card=card.name,
                        priced=card.uom_id.name,
                        metric=metric.name,
                        measured=metric.uom_id.name,
                    )
                )
            for version in card.version_ids.filtered(lambda v: v.state != "draft"):
                version._check_metric(metric)
        self.usage_baseline_ids._check_above_card()

    @api.constrains("usage_pool_line_id", "usage_metric_id", "contract_id", "usage_rate_card_id")
    def _check_usage_pool(self):
        for line in (self | self.usage_pool_member_ids).filtered("usage_pool_line_id"):
            lead = line.usage_pool_line_id
            problem = line._pool_problem(lead)
            if problem:
                raise ValidationError(
                    self.env._(
                        "%(line)s cannot be pooled into %(lead)s: %(problem)s",
                        line=line.display_name,
                        lead=lead.display_name,
                        problem=problem,
                    )
                )

    def _pool_problem(self, lead):
        """Why a line cannot share the pool of `lead`, or nothing."""
        if lead == self or lead.usage_pool_line_id or self.usage_pool_member_ids:
            return self.env._("a pool has one lead line, which is not pooled itself.")
        if lead.usage_metric_id != self.usage_metric_id:
            return self.env._("both must have the same billable metric.")
        if lead.company_id != self.company_id or lead.contract_id.currency_id != self.contract_id.currency_id:
            return self.env._("both must belong to one company and be invoiced in one currency.")
        if self.contract_id.partner_id._usage_group() != lead.contract_id.partner_id._usage_group():
            return self.env._("their customers do not belong to one group of companies.")
        return None

    def _baseline_on(self, day):
        """The baseline in force on a local day; empty when none is."""
        self.ensure_one()
        return self.usage_baseline_ids.filtered(lambda b: b.date_start <= day and (not b.date_end or day < b.date_end))[
            :1
        ]
