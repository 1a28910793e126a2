from collections import defaultdict

from psycopg2.extras import Json

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..store.records import plain, storable
from .usage_subject import SUBJECT_TYPES

SHORTEST_PREFIX = 3
MOST_PROPOSALS = 1_000
# The neighbours of a serial in the order of the register share the longest beginning with it.
NEIGHBOURS = """
    SELECT wanted.identity, near.id, near.code
      FROM unnest(%(identities)s::text[]) AS wanted(identity)
     CROSS JOIN LATERAL (
           (SELECT id, code FROM usage_subject
             WHERE company_id = %(company)s AND active AND code COLLATE "C" < wanted.identity COLLATE "C"
             ORDER BY code COLLATE "C" DESC LIMIT 1)
           UNION ALL
           (SELECT id, code FROM usage_subject
             WHERE company_id = %(company)s AND active AND code COLLATE "C" > wanted.identity COLLATE "C"
             ORDER BY code COLLATE "C" LIMIT 1)) AS near
"""
SEEN = """
    INSERT INTO usage_discovery AS d (
        source_id, company_id, identity, metric_code, sample, state, first_seen_at, last_seen_at,
        first_occurred_at, create_uid, create_date, write_uid, write_date)
    VALUES %s
    ON CONFLICT (source_id, identity) DO UPDATE SET
        last_seen_at = EXCLUDED.last_seen_at,
        first_occurred_at = LEAST(d.first_occurred_at, EXCLUDED.first_occurred_at),
        state = CASE WHEN d.state = 'accepted' THEN 'new' ELSE d.state END
    RETURNING d.id, d.xmax = 0
"""
NOW = "now() at time zone 'UTC'"
ROW = f"(%s, %s, %s, %s, %s, 'new', {NOW}, {NOW}, %s, %s, {NOW}, %s, {NOW})"


class UsageDiscovery(models.Model):
    """A serial that a source sent and no subject has: accept it with a proposal, or ignore it.

    new -> accepted | ignored, and ignored -> new. The usage itself waits in suspense.
    """

    _name = "usage.discovery"
    _description = "Discovered Serial"
    _order = "last_seen_at DESC, id DESC"
    _rec_name = "identity"
    _check_company_auto = True

    source_id = fields.Many2one("usage.source", required=True, readonly=True, index=True, ondelete="restrict")
    company_id = fields.Many2one("res.company", required=True, readonly=True, index=True, ondelete="restrict")
    identity = fields.Char(string="Serial", required=True, readonly=True, index=True)
    metric_code = fields.Char(string="Metric", readonly=True)
    sample = fields.Json(string="First Record", readonly=True)
    first_seen_at = fields.Datetime(required=True, readonly=True)
    last_seen_at = fields.Datetime(required=True, readonly=True)
    first_occurred_at = fields.Datetime(
        string="First Usage",
        required=True,
        help="Instant (UTC) of the earliest usage seen: the subject is assigned from here.",
    )
    waiting_count = fields.Integer(string="Records Waiting", compute="_compute_waiting_count")
    subject_type = fields.Selection(SUBJECT_TYPES, string="Type")
    product_id = fields.Many2one("product.product", check_company=True)
    contract_line_id = fields.Many2one(
        "contract.line",
        ondelete="restrict",
        domain="[('usage_metric_id', '!=', False), ('company_id', '=', company_id)]",
        help="The subject is assigned to this line.",
    )
    contract_id = fields.Many2one(related="contract_line_id.contract_id")
    like_subject_id = fields.Many2one("usage.subject", string="Proposed Like", readonly=True, ondelete="set null")
    subject_id = fields.Many2one(
        "usage.subject",
        check_company=True,
        ondelete="restrict",
        help="Choose a subject to make the serial another name of it. Leave empty to create one.",
    )
    state = fields.Selection(
        [("new", "New"), ("accepted", "Accepted"), ("ignored", "Ignored")],
        required=True,
        default="new",
        readonly=True,
        index=True,
    )

    _identity_unique = models.UniqueIndex(
        "(source_id, identity)",
        "This serial of the source is in the discovery inbox already.",
    )
    _accepted_has_subject = models.Constraint(
        "CHECK (state <> 'accepted' OR subject_id IS NOT NULL)",
        "An accepted serial needs its subject.",
    )

    @api.depends("source_id", "identity", "state")
    def _compute_waiting_count(self):
        rows = self.env["usage.suspense"]._read_group(
            [
                ("source_id", "in", self.source_id.ids),
                ("subject_code", "in", self.mapped("identity")),
                ("state", "=", "open"),
            ],
            ["source_id", "subject_code"],
            ["__count"],
        )
        counts = {(source.id, code): count for source, code, count in rows}
        for discovery in self:
            discovery.waiting_count = counts.get((discovery.source_id.id, discovery.identity), 0)

    # -- noticing ----------------------------------------------------------

    @api.model
    def _notice(self, source, records):
        """Keep the unknown serials of refused records; returns their rows, proposals made for new ones.

        Whoever may send usage makes them known, so this runs with the rights of the system.
        """
        self = self.sudo()
        seen = {}
        for record in records:
            first = seen.setdefault(record.subject, record)
            if record.occurred_at < first.occurred_at:
                seen[record.subject] = record
        if not seen:
            return self
        self.flush_model()
        found = self.env.cr.execute_values(
            SEEN,
            [self._seen_values(source, seen[name]) for name in sorted(seen)],
            template=ROW,
            fetch=True,
        )
        self.invalidate_model()
        self.browse(row[0] for row in found if row[1])._propose()
        return self.browse(row[0] for row in found)

    def _seen_values(self, source, record):
        sample = {"id": record.external_id, "quantity": plain(record.quantity), "raw": record.raw}
        return (
            source.id,
            source.company_id.id,
            record.subject,
            record.metric,
            Json(storable(sample)),
            record.occurred_at.replace(tzinfo=None),
            self.env.uid,
            self.env.uid,
        )

    def _propose(self):
        """Propose type, product and contract line: the source's usual ones, else those of the nearest serial."""
        for source, rows in self.grouped("source_id").items():
            near = rows._nearest()
            for discovery in rows:
                subject = near.get(discovery.identity, self.env["usage.subject"])
                line = subject.assignment_ids.filtered(lambda a, d=discovery: a.metric_id.code == d.metric_code)[-1:]
                discovery.write(
                    {
                        "like_subject_id": subject.id,
                        "subject_type": source.default_subject_type or subject.subject_type,
                        "product_id": source.default_product_id.id or subject.product_id.id,
                        "contract_line_id": source.default_contract_line_id.id or line.contract_line_id.id,
                    }
                )

    def _nearest(self):
        """{serial: the subject whose serial begins most like it}."""
        self.env["usage.subject"].flush_model()
        best = defaultdict(lambda: (0, 0))
        for source, rows in self[:MOST_PROPOSALS].grouped("source_id").items():
            self.env.cr.execute(NEIGHBOURS, {"identities": rows.mapped("identity"), "company": source.company_id.id})
            for identity, subject_id, code in self.env.cr.fetchall():
                best[identity] = max(best[identity], (_shared(identity, code), subject_id))
        return {
            identity: self.env["usage.subject"].browse(subject_id)
            for identity, (length, subject_id) in best.items()
            if length >= SHORTEST_PREFIX
        }

    @api.model
    def _settle(self, writer, result):
        """What the source's policy makes of the unknown serials of a write.

        Returns the result, with what counts after all when subjects are created at once.
        """
        source = writer.source
        unknown = [refusal.record for refusal in result.refusals if refusal.reason == "unknown_subject"]
        if source.unknown_subject_policy == "suspend" or not unknown:
            return result
        found = self._notice(source, unknown)
        created = found.filtered(lambda d: d.state == "new" and d.contract_line_id)
        if source.unknown_subject_policy != "create" or not created:
            return result
        created._accept()
        names = set(created.mapped("identity"))
        again = [r.record for r in result.refusals if r.reason == "unknown_subject" and r.record.subject in names]
        refusals = [r for r in result.refusals if r.reason != "unknown_subject" or r.record.subject not in names]
        return _joined(result, refusals, writer.anew().write(again))

    # -- deciding ----------------------------------------------------------

    def action_accept(self):
        """Make subject, identity and assignment, and send what waits through the same door again."""
        rows = self.filtered(lambda d: d.state != "accepted")
        rows._accept()
        rows._waiting().action_recycle()
        return True

    def _accept(self):
        missing = self.filtered(lambda d: not d.contract_line_id and not d.subject_id)
        if missing:
            raise UserError(
                self.env._(
                    "Choose a contract line (or a subject) for %(serials)s first: usage belongs to the line that "
                    "its subject is assigned to.",
                    serials=", ".join(missing[:5].mapped("identity")),
                )
            )
        for discovery in self:
            subject = discovery.subject_id or discovery._make_subject()
            discovery._name_subject(subject)
            discovery._assign(subject)
            discovery.write({"subject_id": subject.id, "state": "accepted"})

    def _make_subject(self):
        known = self.env["usage.subject"].search(
            [("code", "=", self.identity), ("company_id", "=", self.company_id.id)], limit=1
        )
        return known or self.env["usage.subject"].create(
            {
                "code": self.identity,
                "company_id": self.company_id.id,
                "subject_type": self.subject_type,
                "product_id": self.product_id.id,
            }
        )

    def _name_subject(self, subject):
        known = subject.identity_ids.filtered(
            lambda i: i.identity == self.identity and i.source_id.id in (False, self.source_id.id)
        )
        if not known:
            self.env["usage.subject.identity"].create(
                {"identity": self.identity, "subject_id": subject.id, "source_id": self.source_id.id}
            )

    def _assign(self, subject):
        line = self.contract_line_id
        held = subject.assignment_ids.filtered(lambda a: a.metric_id == line.usage_metric_id)
        if line and not held:
            self.env["usage.assignment"].create(
                {"subject_id": subject.id, "contract_line_id": line.id, "start_at": self.first_occurred_at}
            )

    def _waiting(self):
        """The open suspense rows of these serials."""
        rows = self.env["usage.suspense"]
        for source, group in self.grouped("source_id").items():
            rows += rows.search(
                [
                    ("source_id", "=", source.id),
                    ("subject_code", "in", group.mapped("identity")),
                    ("state", "=", "open"),
                    ("reason_code", "in", ("unknown_subject", "no_assignment", "outside_line")),
                ]
            )
        return rows

    def action_ignore(self):
        """Write off what waits of these serials, now and whenever more of it comes."""
        rows = self.filtered(lambda d: d.state == "new")
        rows.state = "ignored"
        rows._write_off_waiting()
        return True

    def _write_off_waiting(self):
        waiting = self._waiting().filtered(lambda s: s.reason_code == "unknown_subject")
        waiting.closed_reason = self.env._("The serial is ignored in the discovery inbox.")
        waiting.action_write_off()

    def action_reopen(self):
        """Take an ignored serial back into the inbox. What was written off stays so."""
        self.filtered(lambda d: d.state == "ignored").state = "new"
        return True

    def action_view_waiting(self):
        """Open the suspense rows of this serial."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspense"),
            "res_model": "usage.suspense",
            "view_mode": "list,kanban,form",
            "domain": [("source_id", "=", self.source_id.id), ("subject_code", "=", self.identity)],
        }


def _shared(one, other):
    length = 0
    for length, (left, right) in enumerate(zip(one, other, strict=False), 1):
        if left != right:
            return length - 1
    return length


def _joined(result, refusals, second):
    """One result of a write and of the second write of some that the first refused."""
    return result._replace(
        accepted=result.accepted + second.accepted,
        duplicate=result.duplicate + second.duplicate,
        suspended=len(refusals) + second.suspended,
        refusals=refusals + second.refusals,
        duplicates=result.duplicates + second.duplicates,
        accepted_digests={**result.accepted_digests, **second.accepted_digests},
    )
