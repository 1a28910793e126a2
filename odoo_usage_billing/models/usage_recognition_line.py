from decimal import Decimal

from odoo import fields, models

from ..invoicing.figures import digits
from ..store.schema import refuse_truncate

# A customer that is merged into another takes the lines along; nothing else of them changes.
FACT = """
CREATE OR REPLACE FUNCTION usage_recognition_line_is_fact() RETURNS trigger AS $$
BEGIN
    IF EXISTS (SELECT FROM usage_recognition WHERE state = 'posted'
                AND id IN (CASE WHEN TG_OP <> 'INSERT' THEN OLD.recognition_id END,
                           CASE WHEN TG_OP <> 'DELETE' THEN NEW.recognition_id END))
        AND (TG_OP <> 'UPDATE' OR (
            NEW.recognition_id, NEW.company_id, NEW.grant_id, NEW.kind, NEW.date, NEW.currency_id,
            NEW.amount_expired, NEW.amount, NEW.amount_company, NEW.account_id, NEW.prepaid_move_id)
            IS DISTINCT FROM (
            OLD.recognition_id, OLD.company_id, OLD.grant_id, OLD.kind, OLD.date, OLD.currency_id,
            OLD.amount_expired, OLD.amount, OLD.amount_company, OLD.account_id, OLD.prepaid_move_id))
    THEN RAISE EXCEPTION
        'Lines of a posted recognition are facts: % is refused. Recognise the same date again instead.',
        TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_recognition_line_fact ON usage_recognition_line;
CREATE TRIGGER usage_recognition_line_fact BEFORE INSERT OR UPDATE OR DELETE ON usage_recognition_line
    FOR EACH ROW EXECUTE FUNCTION usage_recognition_line_is_fact();
"""


class UsageRecognitionLine(models.Model):
    """What of a grant becomes revenue by a date and is not posted yet, and why."""

    _name = "usage.recognition.line"
    _description = "Recognised Prepaid Revenue"
    _order = "recognition_id DESC, date, id"
    _rec_name = "grant_id"

    recognition_id = fields.Many2one("usage.recognition", required=True, index=True, ondelete="cascade")
    company_id = fields.Many2one(related="recognition_id.company_id", store=True)
    state = fields.Selection(related="recognition_id.state")
    grant_id = fields.Many2one("usage.prepaid.grant", required=True, index=True, ondelete="restrict")
    balance_id = fields.Many2one(related="grant_id.balance_id")
    partner_id = fields.Many2one(related="grant_id.partner_id", store=True)
    kind = fields.Selection(
        [("days", "By days"), ("expected", "Expected breakage"), ("expired", "Expired")], required=True
    )
    date = fields.Date(required=True)
    currency_id = fields.Many2one("res.currency", required=True, ondelete="restrict")
    company_currency_id = fields.Many2one(related="company_id.currency_id", string="Company Currency")
    amount_expired = fields.Monetary(string="Expires", help="What the customer cannot use any more.")
    amount = fields.Monetary(string="Revenue", help="What becomes revenue, less what is posted.")
    amount_company = fields.Monetary(string="Revenue, Company Currency", currency_field="company_currency_id")
    account_id = fields.Many2one("account.account", string="Revenue Account", required=True, ondelete="restrict")
    prepaid_move_id = fields.Many2one("usage.prepaid.move", string="Movement", readonly=True, ondelete="restrict")

    def init(self):
        refuse_truncate(self.env.cr, self._table)
        self.env.cr.execute(FACT)

    def _book(self, revenue=False):
        """Account, currency and customer of the journal item."""
        account = self.account_id if revenue else self.grant_id.balance_id.account_id
        return account.id, self.currency_id.id, self.partner_id.id

    def _record(self, entry, item):
        """Record the movement behind this line."""
        self.ensure_one()
        expired, grant = Decimal(digits(self.amount_expired)), self.grant_id.sudo()
        is_first = self.kind == "expired" and not grant.move_ids.filtered(lambda move: move.kind == "expiry")
        self.prepaid_move_id = grant._record(
            "expiry" if self.kind == "expired" else "recognition",
            -expired,
            liability=-Decimal(digits(self.amount)),
            company=-Decimal(digits(self.amount_company)),
            # The customer could not use it any more from then on, whichever month the revenue is booked in.
            date=grant.expires_on if is_first else self.date,
            move_id=entry.id,
            move_line_id=item.id,
        )
