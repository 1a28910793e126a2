"""The text in which guided rows are copied into the event table."""

import json
from itertools import repeat

from .copying import NULL, copy_rows, escape, is_bare
from .records import plain

COPY = (
    "COPY usage_event (company_id, source_id, batch_id, received_at, id, row_number, external_id,"
    " subject_id, assignment_id, contract_line_id, metric_id, end_user_id, occurred_at,"
    " usage_date, usage_slot, quantity, dimension_key, amount, dimensions)"
    " FROM STDIN"
)
NOTHING_MORE = f"\t{NULL}\t{NULL}"


def copy_events(cr, head, fresh):
    """Store (event id, guided row) as events; `head`: company, source, batch, time of receipt."""
    head = "".join([f"{value}\t" for value in head])
    records = [row.record for _id, row in fresh]
    names = [record.external_id for record in records]
    if not is_bare("".join(names)):
        names = list(map(escape, names))
    is_more = any([record.dimensions or record.amount is not None for record in records])
    more = map(_more, fresh) if is_more else repeat(NOTHING_MORE)
    lines = [
        f"{head}{id_}\t{record.row_number}\t{name}\t{owner.columns}\t{person or NULL}\t{at}\t{day}\t{slot}\t"
        f"{quantity}\t{rest}\n"
        for (id_, (_key, _digest, record, owner, person, at, day, slot, quantity, _)), name, rest in zip(
            fresh, names, more, strict=False
        )
    ]
    copy_rows(cr, COPY, lines)


def _more(entry):
    """The columns that few events have: price dimensions, amount, dimensions."""
    row = entry[1]
    _row, _id, _subject, _metric, _at, _quantity, amount, dimensions, *_ = row.record
    said = escape(json.dumps(dimensions, sort_keys=True)) if dimensions else NULL
    return f"{escape(row.dimension_key)}\t{NULL if amount is None else plain(amount)}\t{said}"
