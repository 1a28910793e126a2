"""What became of each item of a request, as JSON."""

import json
from collections import Counter
from itertools import chain
from json.encoder import encode_basestring
from operator import itemgetter

ACCEPTED = "accepted"
DUPLICATE = "duplicate"
SUSPENDED = "suspended"
FILTERED = "filtered"
CONFLICT = "conflict"


def document(batch_id, answers):
    """The body (bytes) that answers a request, from what `outcomes` gave."""
    head = json.dumps({"batch": batch_id, "totals": totals(answers)})
    items = ", ".join([text for _index, _status, text in answers])
    return f'{head[:-1]}, "items": [{items}]}}'.encode()


def outcomes(chunk, results, explain):
    """The answers for a chunk of read items, in their order: (index, status, the answer in JSON).

    `chunk`: records, refusals (record, reason, params) and what was left out (row number, code,
    params); `results`: what the store said; `explain(code, params)` gives a sentence.
    """
    # A record is told by identity: two items of one request may be equal.
    duplicates = {id(record) for result in results for record in result.duplicates}
    refusals = list(chain(chunk.refusals, *[result.refusals for result in results]))
    refused = {id(refusal.record) for refusal in refusals}
    answers = [_refused(refusal, explain) for refusal in refusals]
    answers += [_left_out(item, explain) for item in chunk.filtered]
    answers += _stored([record for record in chunk.records if id(record) not in refused], duplicates)
    answers.sort(key=itemgetter(0))
    return answers


def _stored(records, duplicates):
    """The answers for records that are events: nearly all, so their JSON is not left to a general encoder."""
    statuses = [DUPLICATE if id(record) in duplicates else ACCEPTED for record in records]
    names = map(encode_basestring, map(_own_id, records))
    return [
        (number - 1, status, f'{{"index": {number - 1}, "id": {name}, "status": "{status}"}}')
        for number, name, status in zip([record.row_number for record in records], names, statuses, strict=True)
    ]


def totals(answers):
    """Counts of answers: received = accepted + duplicate + suspended + filtered.

    A conflict waits in suspense, so it is counted among the suspended and told apart beside them.
    """
    counts = dict.fromkeys((ACCEPTED, DUPLICATE, SUSPENDED, FILTERED, CONFLICT), 0)
    counts.update(Counter(map(itemgetter(1), answers)))
    counts[SUSPENDED] += counts[CONFLICT]
    return {"received": len(answers), **counts}


def _refused(refusal, explain):
    record, reason, params = refusal
    status = CONFLICT if reason == CONFLICT else SUSPENDED
    return _explained(record.row_number - 1, _own_id(record), status, reason, explain(reason, params))


def _left_out(item, explain):
    return _explained(item.row_number - 1, _raw_id(item.raw), FILTERED, item.code, explain(item.code, item.params))


def _explained(index, name, status, reason, message):
    said = {"index": index, "id": name, "status": status, "reason": reason, "message": message}
    return index, status, json.dumps(said, ensure_ascii=False)


def _own_id(record):
    """The id as the producer wrote it, so that it finds its own item; else the one made from the item."""
    raw = record.raw
    given = raw.get("id") if type(raw) is dict else None
    return given if given and isinstance(given, str) else record.external_id


def _raw_id(raw):
    given = raw.get("id") if isinstance(raw, dict) else None
    return given if isinstance(given, str) else None
