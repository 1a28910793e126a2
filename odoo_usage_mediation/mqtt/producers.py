"""Who numbers messages: the state of each producer in a batch, and the gaps its numbers show.

Loaded, changed and saved in the transaction of the batch, so that numbers and usage never disagree.
"""

import json
from collections import Counter

from ..parsing.sequence import FILLED, GAP, Sequence
from ..parsing.sparkplug import Node

LOCK = """
    SELECT id, name, tracking::text FROM usage_producer
     WHERE source_id = %s AND name = ANY(%s) ORDER BY name FOR UPDATE
"""
MAKE = """
    INSERT INTO usage_producer (source_id, company_id, name, is_online, tracking, create_uid, write_uid,
                                create_date, write_date)
    VALUES %s ON CONFLICT (source_id, name) DO NOTHING
"""
SAVE = """
    UPDATE usage_producer p
       SET tracking = v.tracking::jsonb, is_online = v.is_online, seen_at = now() AT TIME ZONE 'UTC',
           write_date = now() AT TIME ZONE 'UTC'
      FROM (VALUES %s) AS v (id, tracking, is_online) WHERE p.id = v.id
"""
FOUND = """
    INSERT INTO usage_gap (producer_id, source_id, company_id, batch_id, epoch, number_first, number_last,
                           missing_count, state, found_at, create_uid, write_uid, create_date, write_date)
    VALUES %s
"""
FILL = """
    UPDATE usage_gap g
       SET missing_count = g.missing_count - filled.count,
           state = CASE WHEN g.missing_count = filled.count THEN 'closed' ELSE g.state END,
           closed_at = CASE WHEN g.missing_count = filled.count THEN now() AT TIME ZONE 'UTC' ELSE g.closed_at END,
           write_date = now() AT TIME ZONE 'UTC'
      FROM (SELECT o.id, count(*) AS count
              FROM usage_gap o
              JOIN (VALUES %s) AS v (producer_id, epoch, number)
                ON o.producer_id = v.producer_id AND o.epoch = v.epoch
               AND v.number BETWEEN o.number_first AND o.number_last
             GROUP BY o.id) AS filled
     WHERE g.id = filled.id
"""


class Producer:
    """One producer during a batch."""

    __slots__ = ("filled", "gaps", "id", "node", "sequence")

    def __init__(self, id_, tracking, rules):
        self.id = id_
        self.sequence = Sequence.from_dict(rules, tracking.get("sequence") or {"epochs": []})
        self.node = Node(tracking["node"]) if tracking.get("node") else Node()
        # Gaps that this batch opened: [epoch, first, last, missing]; numbers it filled of older ones.
        self.gaps = []
        self.filled = []

    def observe(self, mark, received_at):
        """Take in a number; returns whether it shows a gap."""
        at = mark.at or (self.sequence.epochs[-1].latest if self.sequence.epochs else received_at)
        found = self.sequence.observe(mark.number, at, mark.boot)
        for finding in found:
            if finding.kind == GAP:
                missing = finding.last - finding.first + 1
                self.gaps.append([finding.epoch, finding.first, finding.last, missing])
            elif finding.kind == FILLED:
                self._fill(finding.epoch, finding.first)
        return any(finding.kind == GAP for finding in found)

    def _fill(self, epoch, number):
        for gap in reversed(self.gaps):
            if gap[0] == epoch and gap[1] <= number <= gap[2]:
                gap[3] -= 1
                return
        self.filled.append((epoch, number))

    def tracking(self):
        """What is kept until the next batch."""
        return {"sequence": self.sequence.to_dict(), "node": self.node.to_dict() if self.node.birth else None}


class Producers:
    """The producers of one batch, locked until it commits."""

    def __init__(self, env, source, rules):
        self.env = env
        self.cr = env.cr
        self.source = source
        self.rules = rules
        self.known = {}

    def load(self, names):
        """Lock the producers of these names; new ones are made. Waits for another listener's batch."""
        names = sorted(names)
        if not names:
            return
        self.env["usage.producer"].flush_model()
        self.env["usage.gap"].flush_model()
        found = self._locked(names)
        missing = [name for name in names if name not in found]
        if missing:
            uid, source = self.env.uid, self.source
            self.cr.execute_values(
                MAKE,
                [(source.id, source.company_id.id, name, uid, uid) for name in missing],
                template="(%s, %s, %s, true, '{}', %s, %s, now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
            )
            found = self._locked(names)
        self.known = {
            name: Producer(id_, json.loads(tracking or "{}"), self.rules) for name, (id_, tracking) in found.items()
        }

    def _locked(self, names):
        self.cr.execute(LOCK, (self.source.id, names))
        return {name: (id_, tracking) for id_, name, tracking in self.cr.fetchall()}

    def __getitem__(self, name):
        return self.known[name]

    def save(self, batch):
        """Keep the numbers seen, the gaps found and those filled."""
        if not self.known:
            return
        self.cr.execute_values(
            SAVE, [(p.id, json.dumps(p.tracking()), p.node.is_online or not p.node.birth) for p in self.known.values()]
        )
        gaps = [(p.id, *gap) for p in self.known.values() for gap in p.gaps if gap[3]]
        if gaps:
            fixed = (self.source.id, self.source.company_id.id, batch.id)
            uid = self.env.uid
            self.cr.execute_values(
                FOUND,
                [(id_, *fixed, *gap, uid, uid) for id_, *gap in gaps],
                template="(%s, %s, %s, %s, %s, %s, %s, %s, 'open', now() AT TIME ZONE 'UTC', %s, %s,"
                " now() AT TIME ZONE 'UTC', now() AT TIME ZONE 'UTC')",
            )
        filled = Counter((p.id, *place) for p in self.known.values() for place in p.filled)
        if filled:
            self.cr.execute_values(FILL, list(filled))
        self.env["usage.producer"].invalidate_model()
        self.env["usage.gap"].invalidate_model()
