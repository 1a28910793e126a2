"""What became of each item of a request."""

from collections import Counter
from itertools import chain
from operator import itemgetter

ACCEPTED = "accepted"
DUPLICATE = "duplicate"
SUSPENDED = "suspended"
FILTERED = "filtered"
CONFLICT = "conflict"


def outcomes(chunk, results, explain):
    """The answers for a chunk of read items, in their order.

    `chunk`: records, refusals (record, reason, params) and what was left out (row number, code,
    params); `results`: what the store said; `explain(code, params)` gives a sentence.
    """
    # A record is told by identity: two items of one request may be equal.
    duplicates = {id(record) for result in results for record in result.duplicates}
    refusals = list(chain(chunk.refusals, *[result.refusals for result in results]))
    refused = {id(refusal.record) for refusal in refusals}
    answers = [_refused(refusal, explain) for refusal in refusals]
    answers += [_left_out(item, explain) for item in chunk.filtered]
    answers += [
        {
            "index": record.row_number - 1,
            "id": _own_id(record),
            "status": DUPLICATE if id(record) in duplicates else ACCEPTED,
        }
        for record in chunk.records
        if id(record) not in refused
    ]
    answers.sort(key=itemgetter("index"))
    return answers


def totals(answers):
    """Counts of answers: received = accepted + duplicate + suspended + filtered.

    A conflict waits in suspense, so it is counted among the suspended and told apart beside them.
    """
    counts = dict.fromkeys((ACCEPTED, DUPLICATE, SUSPENDED, FILTERED, CONFLICT), 0)
    counts.update(Counter(map(itemgetter("status"), answers)))
    counts[SUSPENDED] += counts[CONFLICT]
    return {"received": len(answers), **counts}


def _refused(refusal, explain):
    record, reason, params = refusal
    return {
        "index": record.row_number - 1,
        "id": _own_id(record),
        "status": CONFLICT if reason == CONFLICT else SUSPENDED,
        "reason": reason,
        "message": explain(reason, params),
    }


def _left_out(item, explain):
    return {
        "index": item.row_number - 1,
        "id": _raw_id(item.raw),
        "status": FILTERED,
        "reason": item.code,
        "message": explain(item.code, item.params),
    }


def _own_id(record):
    """The id as the producer wrote it, so that it finds its own item; else the one made from the item."""
    raw = record.raw
    given = raw.get("id") if type(raw) is dict else None
    return given if given and isinstance(given, str) else record.external_id


def _raw_id(raw):
    given = raw.get("id") if isinstance(raw, dict) else None
    return given if isinstance(given, str) else None
