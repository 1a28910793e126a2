"""What the store remembers of an external id: its revisions, and whether the last one was taken back.

A revision is remembered under a key made of the id and its number. That an event was taken back is
remembered under the number of the event itself, so that the unique index of the key table lets it
happen once, whoever tries how often at once.
"""

from typing import NamedTuple

from .copying import array
from .keys import keys_of

FRESH, DUPLICATE, CONFLICT = "fresh", "duplicate", "conflict"
#: What stands as the digest under the key of a taken back event: who took it back.
BY_RECORD = "0" * 32
BY_BATCH = "0" * 31 + "1"


class Identity(NamedTuple):
    """The last revision of an external id, with its digest, and the digests of all of them."""

    revision: int
    event_id: int
    digests: frozenset
    taken_back: str
    digest: str = ""

    def judge(self, digest, derived=False):
        """What a record with this id and digest is: DUPLICATE, CONFLICT, or FRESH, the next revision.

        What a source took back stays so when the same message comes once more. What a person took back
        with its batch may be sent again, as it was or corrected. Usage that is derived is no message.
        """
        if self.taken_back == BY_BATCH or (derived and self.taken_back):
            return FRESH
        if derived:
            return DUPLICATE if digest == self.digest else CONFLICT
        if digest in self.digests:
            return DUPLICATE
        return FRESH if self.taken_back else CONFLICT


def revision_key(source, external_id, revision=1):
    """The key (hex) of a revision, from 1, of an external id."""
    return keys_of([external_id if revision == 1 else f"{external_id}\x1f{revision}"], source.key_form)[0]


def void_key(event_id):
    """The key (hex) under which it is remembered that an event was taken back."""
    return f"{event_id:032x}"


def load_identities(cr, source, external_ids):
    """{external id: Identity} of those that a source has stored."""
    found, revision = {}, 1
    wanted = {revision_key(source, name, revision): name for name in external_ids}
    while wanted:
        stored = _load_keys(cr, source.id, list(wanted))
        voids = _load_keys(cr, source.id, [void_key(event_id) for _digest, event_id in stored.values()])
        revision += 1
        later = {}
        for key, (digest, event_id) in stored.items():
            name = wanted[key]
            before = found[name].digests if name in found else frozenset()
            taken_back = voids.get(void_key(event_id), ("", 0))[0]
            found[name] = Identity(revision - 1, event_id, before | {digest}, taken_back, digest)
            if taken_back:
                later[revision_key(source, name, revision)] = name
        wanted = later
    return found


# Each key is looked up on its own, whatever statistics say: of a source that is new to them, all keys would be read.
KEYS = """
SELECT replace(k.external_key::text, '-', ''), replace(k.content_digest::text, '-', ''), k.event_id
  FROM unnest(%s::uuid[]) AS d (key)
 CROSS JOIN LATERAL (
       SELECT * FROM usage_event_key WHERE source_id = %s AND external_key = d.key LIMIT 1) k
"""
# A record is the same as before when its id is known with the same content and was not taken back, which its
# digest alone tells: there is no second revision then.
ODD = """
WITH found AS MATERIALIZED (
    SELECT d.place, k.event_id, k.content_digest = d.digest AS is_same
      FROM unnest(%(keys)s::uuid[], %(digests)s::uuid[]) WITH ORDINALITY AS d (key, digest, place)
      LEFT JOIN LATERAL (
           SELECT * FROM usage_event_key WHERE source_id = %(source)s AND external_key = d.key LIMIT 1) k ON TRUE
)
SELECT place - 1, event_id IS NULL FROM found WHERE is_same IS NOT TRUE
 UNION ALL
SELECT place - 1, FALSE
  FROM found
 CROSS JOIN LATERAL (
       SELECT FROM usage_event_key
        WHERE source_id = %(source)s AND external_key = lpad(to_hex(found.event_id), 32, '0')::uuid LIMIT 1) v
 WHERE is_same AND (
    SELECT EXISTS (
        SELECT FROM usage_event_key
         WHERE source_id = %(source)s
           AND external_key BETWEEN (SELECT lpad(to_hex(MIN(event_id)), 32, '0')::uuid FROM found)
               AND (SELECT lpad(to_hex(MAX(event_id)), 32, '0')::uuid FROM found)))
"""


def load_odd(cr, source_id, keys, digests):
    """{place: whether it is new} of the records, told by key and digest, that are not stored just as they are."""
    values = {"source": source_id, "keys": array(keys), "digests": array(digests)}
    cr.execute(ODD, values)
    return dict(cr.fetchall())


def stored_under(cr, sources, external_ids):
    """The ids of the events that sources stored under external ids: each revision, and what took it back."""
    found = []
    for source in sources:
        revision, names = 1, list(external_ids)
        while names:
            wanted = {revision_key(source, name, revision): name for name in names}
            stored = _load_keys(cr, source.id, list(wanted))
            ids = [event_id for _digest, event_id in stored.values()]
            voids = _load_keys(cr, source.id, [void_key(event_id) for event_id in ids])
            found += ids + [event_id for _mark, event_id in voids.values()]
            names, revision = [wanted[key] for key in stored], revision + 1
    return found


def is_any_known(cr, source_id, keys):
    """Whether a source has claimed one of these keys."""
    return bool(_load_keys(cr, source_id, keys))


def _load_keys(cr, source_id, keys):
    """{key: (digest, event id)} of those keys that a source has claimed."""
    if not keys:
        return {}
    cr.execute(KEYS, (array(keys), source_id))
    return {key: (digest, event_id) for key, digest, event_id in cr.fetchall()}
