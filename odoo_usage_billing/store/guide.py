"""Guiding: external identity -> subject -> assignment at that instant -> contract line.

All look-ups of a batch are a handful of queries; the decision per record is
dictionary and bisect work.
"""

from bisect import bisect_right
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from .copying import array, text_array
from .instants import UTC
from .records import dimension_names

FIRST_DAY, LAST_DAY = "0001-01-01", "9999-12-31"
# Of one code, a metric that all companies share comes first, a company's own last, and the last one counts.
METRICS = """
SELECT m.id, m.code, m.slot_minutes, m.price_dimensions, m.accept_negative, m.aggregation
  FROM usage_metric m
 CROSS JOIN (SELECT string_to_array(parent_path, '/') AS companies FROM res_company WHERE id = %s) c
 WHERE m.active AND (m.company_id IS NULL OR m.company_id::text = ANY(c.companies))
 ORDER BY array_position(c.companies, m.company_id::text) NULLS FIRST, m.id
"""


class Assigned(NamedTuple):
    """Who owns a (subject, metric) from `start_at` until `end_at` (aware UTC, half-open).

    `columns`: subject, assignment, contract line and metric as an event is copied; `grain`: as a bucket counts.
    `days`: the first and the last local day that the contract line is billed for, in ISO 8601.
    """

    start_at: object
    end_at: object
    assignment_id: int
    contract_line_id: int
    end_user_id: int
    zone: str
    subject_id: int
    metric_id: int
    columns: str
    grain: tuple
    days: tuple


class Metric(NamedTuple):
    """What guiding needs of a billable metric."""

    id: int
    slot_minutes: int
    dimension_names: tuple
    accepts_negative: bool


class Way(NamedTuple):
    """Where the serial and the metric of a record lead: its owners in the order of time."""

    metric: Metric
    starts: list
    owners: list

    def owner_at(self, instant):
        """The assignment that owns the subject and metric at an aware instant, or None."""
        position = bisect_right(self.starts, instant)
        if not position:
            return None
        owner = self.owners[position - 1]
        return owner if owner.end_at is None or instant < owner.end_at else None


@lru_cache(maxsize=10_000)
def _utc(instant):
    return instant and instant.replace(tzinfo=UTC)


class Guide:
    """The dictionaries that guide the records of one source.

    Built for the identities of one batch, inside that batch's transaction.
    """

    def __init__(self, env, source, locking=True):
        """`locking`: hold billing of the guided contracts off until this transaction ends."""
        self.locking = locking
        self.cr = env.cr
        self.env = env
        self.source = source
        self.company_id = source.company_id.id
        # A level that was reported before a line began, or after it ended, counts for the days between.
        self.levels = set()
        self.metrics = self._load_metrics()
        self.subjects = {}
        self.ambiguous = set()
        self.elsewhere = {}
        self.assigned = {}
        self.closed = {}
        self.end_users = {}
        self.ways = {}
        self._known = set()

    def _load_metrics(self):
        self.env["usage.metric"].flush_model()
        self.cr.execute(METRICS, (self.company_id,))
        found = {}
        for metric_id, code, slot_minutes, dimensions, accepts_negative, aggregation in self.cr.fetchall():
            found[code] = Metric(metric_id, int(slot_minutes or 0), dimension_names(dimensions), bool(accepts_negative))
            if aggregation == "time_weighted_average":
                self.levels.add(metric_id)
        return found

    def load(self, records):
        """Fetch what the identities of `records` need and is not known yet."""
        identities = {record.subject for record in records} - self._known
        if identities:
            self._known |= identities
            self.ways.clear()
            self._load_subjects(list(identities))
        people = {record.end_user for record in records if record.end_user}
        people -= self.end_users.keys()
        if people:
            self._load_end_users(list(people))

    def _load_subjects(self, identities):
        self.env["usage.subject"].flush_model()
        self.env["usage.subject.identity"].flush_model()
        names = text_array(identities)
        self.cr.execute(
            """
            SELECT identity, subject_id, company_id FROM usage_subject_identity
             WHERE identity = ANY(%s::text[]) AND active
               AND (source_id IS NULL OR source_id = %s)
             UNION
            SELECT code, id, company_id FROM usage_subject
             WHERE code = ANY(%s::text[]) AND active
            """,
            (names, self.source.id, names),
        )
        for identity, subject_id, company_id in self.cr.fetchall():
            if company_id != self.company_id:
                self.elsewhere[identity] = company_id
            elif self.subjects.setdefault(identity, subject_id) != subject_id:
                self.ambiguous.add(identity)
        self._load_assignments([self.subjects[name] for name in identities if name in self.subjects])

    def _load_assignments(self, subject_ids):
        self.env["usage.assignment"].flush_model()
        self.env["contract.line"].flush_model()
        self.cr.execute(
            """
            SELECT c.id, lead.contract_id, a.start_at, a.end_at, a.id, a.contract_line_id,
                   COALESCE(a.end_user_id, s.end_user_id, 0), COALESCE(c.usage_tz, 'UTC'),
                   a.subject_id, a.metric_id, COALESCE(lead.date_start, l.date_start),
                   CASE WHEN lead.id IS NULL THEN l.date_end ELSE lead.date_end END
              FROM usage_assignment a
              JOIN usage_subject s ON s.id = a.subject_id
              JOIN contract_line l ON l.id = a.contract_line_id
              JOIN contract_contract c ON c.id = l.contract_id
              LEFT JOIN contract_line lead ON lead.id = l.usage_pool_line_id
             WHERE a.subject_id = ANY(%s::integer[])
             ORDER BY a.subject_id, a.metric_id, a.start_at
            """,
            (array(subject_ids),),
        )
        found = defaultdict(list)
        lines, contracts = set(), set()
        for contract_id, lead_id, start_at, end_at, *owner, first, last in self.cr.fetchall():
            assignment_id, line_id, _person, _zone, subject_id, metric_id = owner
            columns = f"{subject_id}\t{assignment_id}\t{line_id}\t{metric_id}"
            grain, days = (line_id, metric_id, subject_id), self._days(metric_id, first, last)
            assigned = Assigned(_utc(start_at), _utc(end_at), *owner, columns, grain, days)
            found[assigned.subject_id, assigned.metric_id].append(assigned)
            lines.add(assigned.contract_line_id)
            contracts.add(contract_id)
            contracts.add(lead_id)
        if self.locking:
            self._hold_billing_off(sorted(contracts - {None}))
        for key, owners in found.items():
            self.assigned[key] = ([owner.start_at for owner in owners], owners)
        self._load_closed(list(lines))

    def _days(self, metric_id, first, last):
        if metric_id in self.levels:
            first = last = None
        return first.isoformat() if first else FIRST_DAY, last.isoformat() if last else LAST_DAY

    def hold(self, line_ids):
        """Hold billing of contract lines off, and learn which of their days take no more usage."""
        if not line_ids:
            return
        self.env["contract.line"].flush_model()
        self.cr.execute(
            "SELECT l.contract_id FROM contract_line l WHERE l.id = ANY(%s)"
            " UNION SELECT lead.contract_id FROM contract_line l"
            " JOIN contract_line lead ON lead.id = l.usage_pool_line_id WHERE l.id = ANY(%s)",
            (line_ids, line_ids),
        )
        if self.locking:
            self._hold_billing_off(sorted(contract_id for (contract_id,) in self.cr.fetchall()))
        self._load_closed(line_ids)

    def _hold_billing_off(self, contract_ids):
        """Share-lock the contracts that usage is stored for.

        Billing takes the same rows exclusively and touches them, so that usage is
        either in the invoice or sees that its period is invoiced: a writer that
        waited for a billing transaction is refused by PostgreSQL as contention and
        retried on a snapshot that knows the invoice.
        """
        self.env["contract.contract"].flush_model()
        self.cr.execute(
            "SELECT 1 FROM contract_contract WHERE id = ANY(%s) ORDER BY id FOR SHARE",
            (contract_ids,),
        )

    def _load_closed(self, line_ids):
        """The days of each contract line that are invoiced, on its own or by the lead of its pool, and refuse usage.

        Usage of other invoiced days is late: it is stored, and a rerating finds the difference.
        """
        self.env["usage.billing.period"].flush_model()
        self.env["contract.contract"].flush_model(["usage_late_policy"])
        self.cr.execute(
            """
            SELECT l.id, array_agg(daterange(p.date_start, p.date_end))
              FROM contract_line l
              JOIN usage_billing_period p ON p.contract_line_id IN (l.id, l.usage_pool_line_id)
              JOIN contract_contract c ON c.id = p.contract_id
             WHERE l.id = ANY(%s) AND p.state = 'invoiced' AND (c.usage_late_policy = 'refuse' OR %s)
             GROUP BY l.id
            """,
            (line_ids, self.source.late_policy == "suspend"),
        )
        for line_id, ranges in self.cr.fetchall():
            self.closed[line_id] = [(r.lower, r.upper) for r in ranges]

    def _load_end_users(self, people):
        self.env["res.partner"].flush_model()
        self.cr.execute(
            "SELECT DISTINCT ON (key) key, id FROM ("
            "SELECT ref AS key, id FROM res_partner WHERE ref = ANY(%s) AND active"
            " UNION ALL SELECT email, id FROM res_partner WHERE email = ANY(%s) AND active"
            ") known ORDER BY key, id",
            (people, people),
        )
        self.end_users.update(self.cr.fetchall())
        for name in people:
            self.end_users.setdefault(name, 0)

    def way(self, serial, code):
        """The Way of a serial and a metric's code; None when one of them is not known for certain."""
        way = self.ways.get((serial, code))
        if way is None and serial not in self.ambiguous:
            metric, subject_id = self.metrics.get(code), self.subjects.get(serial)
            if metric is not None and subject_id is not None:
                way = Way(metric, *self.assigned.get((subject_id, metric.id), ((), ())))
                self.ways[serial, code] = way
        return way

    def is_closed(self, line_id, usage_date):
        """Whether this local day is invoiced and takes no more usage."""
        return any(start <= usage_date < end for start, end in self.closed.get(line_id, ()))
