from decimal import Decimal

from odoo import models
from odoo.tools import SQL

from ..invoicing.bucket_totals import AGGREGATES

#: Aggregations whose totals are sums, so that what came later can be subtracted.
ADDITIVE = ("sum", "count")
COLUMNS = "b.subject_id, b.end_user_id, b.quantity_sum, b.event_count, b.void_count"
USED = """
    SELECT c.id AS charge_id, %(columns)s
      FROM usage_charge c
      JOIN usage_bucket b ON b.contract_line_id = c.contract_line_id AND b.metric_id = c.metric_id
       AND b.usage_date >= c.date_start AND b.usage_date < c.date_end
     WHERE c.id IN %(charges)s
"""
# Ids grow as events are stored, so that a charge knows the last one that it counted.
LATE = """
    SELECT c.id, e.subject_id, NULL, -e.quantity, -1, -(e.voids_event_id IS NOT NULL)::int
      FROM usage_charge c
      JOIN usage_event e ON e.contract_line_id = c.contract_line_id AND e.metric_id = c.metric_id
       AND e.usage_date >= c.date_start AND e.usage_date < c.date_end AND e.id > (c.basis->>'events_until')::bigint
     WHERE c.id IN %(charges)s
"""


class UsageCharge(models.Model):
    """What the usage annex of an invoice prints of a charge, as text in the reader's language."""

    _inherit = "usage.charge"

    def _annex(self, limit):
        """One dict per charge: its facts, priced components, explanation and subjects.

        `limit`: how many subjects are listed; the rest is one total.
        """
        none = {"subjects": [], "others": None}
        measured = self.filtered(lambda charge: not charge.commitment_id)
        subjects = measured._annex_subjects(limit) if measured else {}
        numbers = self._annex_numbers()
        ordered = self.sorted(
            lambda c: (
                c.contract_id.id,
                c.contract_line_id.sequence,
                c.contract_line_id.id,
                c.date_start,
                bool(c.commitment_id),
            )
        )
        return [charge._annex_of_one(numbers, subjects.get(charge, none)) for charge in ordered]

    def _annex_of_one(self, numbers, subjects):
        self.ensure_one()
        explainer = self.env["usage.explainer"]
        notes = self.component_ids.filtered(lambda c: c.kind == "information")
        agreed = self.component_ids.filtered(lambda c: c.kind == "baseline") if notes else notes
        return {
            "charge": self,
            "contract": self.contract_id._usage_invoice_section(),
            "title": (self.commitment_id.name or self.contract_line_id._usage_name_of(self)).split("\n")[0],
            "period": explainer._period_text(self),
            "facts": (agreed + notes).mapped("name"),
            "quantity": numbers[self][0],
            "unit": self.uom_id.name,
            "components": [
                {
                    "name": component.name,
                    "quantity": numbers[component][0],
                    "unit_price": numbers[component][1],
                    "amount": component.amount,
                }
                for component in self.component_ids - notes
            ],
            "explanation": (self.explanation or "").splitlines(),
            "has_late": self._has_late() and self.metric_id.aggregation not in ADDITIVE,
            **subjects,
        }

    def _has_late(self):
        return any(self.adjustment_ids.mapped("event_count"))

    def _annex_numbers(self):
        """{charge or component: (quantity, unit price)} as text, read exactly."""
        self.env["usage.charge.component"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT 'usage.charge', id, quantity::text, NULL
                  FROM usage_charge WHERE id IN %(charges)s
                 UNION ALL
                SELECT 'usage.charge.component', id, quantity::text,
                       NULLIF(unit_price, 0)::text
                  FROM usage_charge_component WHERE charge_id IN %(charges)s
                """,
                charges=tuple(self.ids),
            )
        )
        number = self.env["usage.explainer"]._number
        return {
            self.env[model].browse(id_): tuple(number(value) if value else "" for value in values)
            for model, id_, *values in rows
        }

    def _annex_subjects(self, limit):
        """{charge: totals per subject}, the largest first.

        The totals are {"subjects": [row], "others": row or None}; a row tells the
        subject, its end users, quantity and event count. Each total aggregates as
        the billable metric does, also the one of the others.
        """
        found = {charge: {"subjects": [], "others": None} for charge in self}
        self.env["usage.charge"].flush_model()
        groups = self.grouped(lambda charge: charge.metric_id.aggregation)
        for aggregation, charges in groups.items():
            for row in self.env.execute_query(charges._annex_query(aggregation, limit)):
                charge_id, subject_id, *rest = row
                charge = self.browse(charge_id)
                total = self._annex_row(subject_id, *rest)
                if subject_id:
                    found[charge]["subjects"].append(total)
                else:
                    found[charge]["others"] = total
        return found

    def _annex_row(self, subject_id, quantity, event_count, subject_count, end_user_ids):
        number = self.env["usage.explainer"]._number
        subject = self.env["usage.subject"].browse(subject_id)
        end_users = self.env["res.partner"].browse(user for user in end_user_ids if user)
        return {
            "subject": subject,
            "end_users": ", ".join(end_users.mapped("name")),
            "quantity": number(Decimal(quantity)),
            "event_count": number(event_count),
            "subject_count": subject_count,
        }

    def _annex_used(self, aggregation):
        """The sums of the days of these charges; where sums can be taken apart, less what came after the charge."""
        charges = tuple(self.ids)
        if aggregation not in ADDITIVE:
            return SQL(USED, columns=SQL("b.*"), charges=charges)
        used = SQL(USED, columns=SQL(COLUMNS), charges=charges)
        late = tuple(self.filtered(lambda charge: charge._has_late()).ids)
        return SQL("%s UNION ALL %s", used, SQL(LATE, charges=late)) if late else used

    def _annex_query(self, aggregation, limit):
        """Totals of the `limit` largest subjects per charge, then one row for all others."""
        # One of the literals that rating uses too, chosen by a key of the selection.
        aggregate = SQL(AGGREGATES.get(aggregation, AGGREGATES["sum"]))
        return SQL(
            """
            WITH used AS (
                %(used)s
            ), totals AS (
                SELECT b.charge_id, b.subject_id, %(aggregate)s AS quantity,
                       SUM(b.event_count) AS event_count,
                       array_agg(DISTINCT b.end_user_id) AS end_user_ids
                  FROM used b
                 GROUP BY b.charge_id, b.subject_id
                HAVING SUM(b.event_count) <> 0
            ), ranked AS (
                SELECT *, row_number() OVER (
                           PARTITION BY charge_id ORDER BY quantity DESC, subject_id
                       ) AS position
                  FROM totals
            ), others AS (
                SELECT b.charge_id, %(aggregate)s AS quantity,
                       SUM(b.event_count) AS event_count,
                       COUNT(DISTINCT b.subject_id) AS subject_count
                  FROM used b
                  JOIN ranked r ON r.charge_id = b.charge_id
                   AND r.subject_id = b.subject_id AND r.position > %(limit)s
                 GROUP BY b.charge_id
            ), result AS (
                SELECT charge_id, subject_id, quantity, event_count,
                       1::bigint AS subject_count, end_user_ids, position
                  FROM ranked
                 WHERE position <= %(limit)s
                 UNION ALL
                SELECT charge_id, NULL, quantity, event_count,
                       subject_count, ARRAY[]::integer[], NULL
                  FROM others
            )
            SELECT charge_id, subject_id, quantity::text, event_count::bigint,
                   subject_count, end_user_ids
              FROM result
             ORDER BY charge_id, position NULLS LAST
            """,
            used=self._annex_used(aggregation),
            aggregate=aggregate,
            limit=limit,
        )
