import io
from decimal import Decimal

from odoo import fields, models
from odoo.tools import SQL

from ..invoicing.bucket_totals import AGGREGATES
from ..models.account_move_send import XLSX
from .workbook import Sheets, new_book

#: More rows than this of a charge are in the portal's workbook, not in the mail's.
SUBJECTS_MAX = 50_000


class AccountMove(models.Model):
    """The usage of an invoice as a workbook: what was charged, and totals per subject and end user."""

    _inherit = "account.move"

    usage_workbook_id = fields.Many2one(
        "ir.attachment",
        string="Usage Workbook",
        compute=lambda self: self._compute_linked_attachment_id("usage_workbook_id", "usage_workbook_file"),
        depends=["usage_workbook_file"],
    )
    usage_workbook_file = fields.Binary(string="Usage Workbook File", attachment=True, copy=False)

    def button_draft(self):
        result = super().button_draft()
        # What is posted again may be something else.
        self.filtered("usage_workbook_file").usage_workbook_file = False
        return result

    def _has_usage_workbook(self):
        """Whether there is usage to show, and the company sends it."""
        self.ensure_one()
        move = self.sudo()
        return bool(move.company_id.usage_send_workbook and (move.usage_period_ids or move.usage_adjustment_ids))

    def _usage_workbook_name(self):
        return self.env._("Usage %s.xlsx", (self.name or "").replace("/", "_"))

    def _make_usage_workbook(self):
        """Attach the workbook of this invoice, in the customer's language."""
        self.ensure_one()
        # Who may send the invoice may send what it is about.
        move = self.sudo().with_context(lang=self.partner_id.lang)
        target = io.BytesIO()
        book = new_book(target)
        charges = move.usage_period_ids.charge_ids.filtered(lambda charge: charge.state == "invoiced")
        cells = _InvoiceSheets(book, move)
        cells.add_charges(charges, move.usage_adjustment_ids)
        cells.add_subjects(charges.filtered(lambda charge: not charge.commitment_id))
        book.close()
        self.env["ir.attachment"].sudo().create(
            {
                "name": move._usage_workbook_name(),
                "raw": target.getvalue(),
                "mimetype": XLSX,
                "res_model": self._name,
                "res_id": self.id,
                "res_field": "usage_workbook_file",
            }
        )
        self.invalidate_recordset(["usage_workbook_id", "usage_workbook_file"])


class _InvoiceSheets(Sheets):
    """The sheets of one invoice."""

    def __init__(self, book, move):
        super().__init__(book, move.env)
        self.move = move
        self.amount = self.money(move.currency_id)
        self.sign = -1 if move.move_type == "out_refund" else 1

    def _sheet(self, name, columns):
        sheet = self.add(name)
        sheet.freeze_panes(1, 0)
        for place, (_title, width) in enumerate(columns):
            sheet.set_column(place, place, width)
        self.header(sheet, 0, [title for title, _width in columns])
        return sheet

    def add_charges(self, charges, adjustments):
        """A row per component of charges and adjustments; the amounts add up to the usage of the invoice."""
        _ = self.env._
        titles = _("Contract"), _("Line"), _("First Day"), _("Last Day"), _("Description")
        figures = _("Quantity"), _("Unit Price"), _("Amount (excluding taxes)")
        columns = [*zip(titles, (26, 26, 12, 12, 60), strict=True), *zip(figures, (14, 14, 14), strict=True)]
        sheet, row = self._sheet(_("Charges"), [*columns, (_("Currency"), 9)]), 0
        numbers = {**charges._exact_components(), **adjustments._exact_components()}
        for fact in [*charges.sorted(_in_order), *adjustments.sorted(_in_order)]:
            for component in fact.component_ids:
                row += 1
                self._fact_cells(sheet, row, fact)
                self.text(sheet, row, 4, component.name)
                quantity, price, amount = numbers[component]
                if component.move_line_id:
                    amount = self.sign * Decimal(repr(component.move_line_id.price_subtotal))
                self.figure(sheet, row, 5, quantity, self.number)
                self.figure(sheet, row, 6, price or None, self.number)
                self.figure(sheet, row, 7, None if component.kind == "information" else amount, self.amount)
                self.text(sheet, row, 8, self.move.currency_id.name)
        sheet.autofilter(0, 0, max(row, 1), 8)

    def _fact_cells(self, sheet, row, fact):
        line = fact.contract_line_id
        name = fact.commitment_id.name or line._usage_name_of(fact).split("\n")[0]
        self.text(sheet, row, 0, line.contract_id.display_name)
        self.text(sheet, row, 1, name)
        self.date(sheet, row, 2, fact.date_start)
        self.date(sheet, row, 3, fields.Date.subtract(fact.date_end, days=1))

    def add_subjects(self, charges):
        """A row per subject and end user of each charge, the most used first."""
        _ = self.env._
        titles = _("Contract"), _("Line"), _("First Day"), _("Last Day"), _("Serial"), _("Name"), _("Location")
        columns = list(zip(titles, (26, 26, 12, 12, 18, 24, 24), strict=True))
        columns += [(_("End User"), 24), (_("Quantity"), 14), (_("Unit"), 10), (_("Events"), 9)]
        sheet, row = self._sheet(_("Subjects"), columns), 0
        for charge in charges.sorted(_in_order):
            unit = charge.uom_id.name
            for serial, name, location, user, quantity, event_count in charge._subject_rows(SUBJECTS_MAX):
                row += 1
                self._fact_cells(sheet, row, charge)
                for place, value in enumerate((serial, name, location, user), start=4):
                    self.text(sheet, row, place, value)
                self.figure(sheet, row, 8, Decimal(quantity or 0), self.number)
                self.text(sheet, row, 9, unit)
                self.figure(sheet, row, 10, event_count, self.number)
        sheet.autofilter(0, 0, max(row, 1), 10)


def _in_order(fact):
    return fact.contract_id.id, fact.contract_line_id.sequence, fact.contract_line_id.id, fact.date_start, fact.id


class UsageCharge(models.Model):
    """Exact figures of charges for their invoice's workbook."""

    _inherit = "usage.charge"

    def _exact_components(self):
        """{component: (quantity, unit price, amount)} as Decimals."""
        return _exact_components(self.component_ids)

    def _subject_rows(self, limit):
        """(serial, name, location, end user, quantity, events) of a charge's subjects, the most used first."""
        self.ensure_one()
        self.flush_recordset()
        # One of the literals that rating uses too, chosen by a key of the selection.
        aggregate = SQL(AGGREGATES.get(self.metric_id.aggregation, AGGREGATES["sum"]))
        return self.env.execute_query(
            SQL(
                """
                SELECT s.code, NULLIF(s.name, s.code), s.location, u.name, (%(aggregate)s)::text,
                       SUM(b.event_count)::bigint
                  FROM usage_charge c
                  JOIN usage_bucket b ON b.contract_line_id = c.contract_line_id AND b.metric_id = c.metric_id
                   AND b.usage_date >= c.date_start AND b.usage_date < c.date_end
                  JOIN usage_subject s ON s.id = b.subject_id
                  LEFT JOIN res_partner u ON u.id = b.end_user_id
                 WHERE c.id = %(charge)s
                 GROUP BY s.id, u.id
                 ORDER BY %(aggregate)s DESC, s.code, u.id
                 LIMIT %(limit)s
                """,
                aggregate=aggregate,
                charge=self.id,
                limit=limit,
            )
        )


class UsageAdjustment(models.Model):
    """Exact figures of adjustments for their invoice's workbook."""

    _inherit = "usage.adjustment"

    def _exact_components(self):
        """{component: (quantity, unit price, amount)} as Decimals."""
        return _exact_components(self.component_ids)


def _exact_components(components):
    if not components:
        return {}
    components.flush_model()
    rows = components.env.execute_query(
        SQL(
            "SELECT id, quantity::text, unit_price::text, amount::text FROM %s WHERE id IN %s",
            SQL.identifier(components._table),
            tuple(components.ids),
        )
    )
    return {components.browse(id_): tuple(Decimal(value or 0) for value in values) for id_, *values in rows}
