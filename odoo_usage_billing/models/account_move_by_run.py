from odoo import api, models

from ..invoicing.own_marks import is_marked

#: Fields that the host writes one by one while it creates and posts an invoice, changed or not.
SAME_ON_MOVES = {"tax_country_id", "made_sequence_gap", "is_manually_modified"}
SAME_ON_LINES = {"partner_id"}
#: Marks that are in the cache only: nothing depends on them.
MARKS_ON_MOVES = {"needed_terms_dirty"}
MARKS_ON_LINES = {"epd_dirty", "discount_allocation_dirty"}
SETTLED = {"amount_residual": 0.0, "amount_residual_currency": 0.0, "reconciled": False}


class AccountMove(models.Model):
    """While a run makes invoices, a write that records nothing does not compare all their lines before and after it."""

    _inherit = "account.move"

    @api.model_create_multi
    def create(self, vals_list):
        if by_a_run(self):
            for vals in vals_list:
                vals["is_manually_modified"] = False
        return super().create(vals_list)

    def write(self, vals):
        if leaves_unchanged(self, vals, SAME_ON_MOVES) or only_marks(self, vals, MARKS_ON_MOVES):
            return True
        return super().write(vals)

    def _compute_reconciled_payment_ids(self):
        """Nothing is reconciled with a draft."""
        drafts = self.filtered(lambda move: move.state == "draft") if by_a_run(self) else self.browse()
        for move in drafts:
            move.reconciled_payment_ids = move.matched_payment_ids
        if others := self - drafts:
            return super(AccountMove, others)._compute_reconciled_payment_ids()
        return None


class AccountMoveLine(models.Model):
    _inherit = "account.move.line"

    @api.model_create_multi
    def create(self, vals_list):
        """What a line takes over from its invoice is inserted with it, not written into it later.

        So is that nothing of it is open: the ledger corrects that on the lines that are to be paid.
        """
        if by_a_run(self):
            moves = self.env["account.move"]
            for vals in vals_list:
                move = moves.browse(vals["move_id"])
                vals.update(SETTLED, parent_state=move.state, date=move.date, invoice_date=move.invoice_date)
        return super().create(vals_list)

    def write(self, vals):
        if leaves_unchanged(self, vals, SAME_ON_LINES) or only_marks(self, vals, MARKS_ON_LINES):
            return True
        return super().write(vals)

    def _check_company(self, fnames=None):
        """Lines of one company that name the same record are checked by the first of them."""
        if not by_a_run(self):
            return super()._check_company(fnames)
        if fnames is None or "company_id" in fnames:
            fnames = self._fields
        for name in fnames:
            if self._fields[name].relational and self._fields[name].check_company:
                first = {(line.company_id.id, line[name]._ids): line.id for line in reversed(self)}
                super(AccountMoveLine, self.browse(first.values()))._check_company([name])
        return None


def leaves_unchanged(records, vals, names):
    """Whether a run writes, of the fields in `names` alone, what all these records hold already."""
    if not (vals and vals.keys() <= names and by_a_run(records)):
        return False
    fields = [(records._fields[name], vals[name]) for name in vals]
    return all(
        field.convert_to_cache(value, record) == field.convert_to_cache(record[field.name], record)
        for record in records
        for field, value in fields
    )


def only_marks(records, vals, names):
    """Set the marks in `names` in the cache, where a run writes nothing else, and say whether that was all."""
    if not (vals and vals.keys() <= names and by_a_run(records)):
        return False
    with records.env.protecting([records._fields[name] for name in vals], records):
        for name, value in vals.items():
            records[name] = value
    return True


def by_a_run(records):
    """Whether a run makes these invoices, many at once and from values that it worked out."""
    return is_marked(records.env, "usage_makes_invoices")
