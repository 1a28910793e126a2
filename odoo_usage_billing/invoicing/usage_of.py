"""From an agreement to what must be measured, and from what was measured to the kernel's usage."""

from decimal import Context, Decimal

from odoo.exceptions import UserError

from .measure_parts import read_dimension_key
from .measures import Need

#: Wide enough for any sum of quantities.
EXACT = Context(prec=200)


def needs_of(agreement):
    """What to measure for a segment: the term so far, the term before the segment, the term at each change.

    Prices that look deeper than a total need the parts of each stretch instead.
    """
    segment = agreement.segment

    def need(name, start, end, detail=""):
        line = agreement.line
        lines = (line.id, *(member.id for member in agreement.members))
        key = (segment, name)
        return Need(key, lines, line.usage_metric_id, start, end, line.contract_id.usage_tz or "UTC", detail)

    needs = [need("whole", agreement.term_start, segment.date_end)]
    if agreement.term_start < segment.date_start:
        needs.append(need("before", agreement.term_start, segment.date_start))
    for number, stretch in enumerate(agreement.stretches):
        end = min(stretch.span.end, segment.date_end)
        if agreement.detail:
            detail = "" if agreement.detail == "total" else agreement.detail
            needs.append(need(number, stretch.span.start, end, detail))
        elif number < len(agreement.stretches) - 1:
            needs.append(need(number, agreement.term_start, end))
    return needs


def usage_of(agreement, needs, measured):
    """The kernel's Usage as a dict."""
    found = {need.key[1]: measured[need.key] for need in needs}
    quantity, before = _figure(agreement, found["whole"]), Decimal(0)
    if "before" in found:
        before = _figure(agreement, found["before"])
    result = {
        "quantity": _text(EXACT.subtract(quantity, before)),
        "quantity_before": _text(before),
        "billed_before": agreement.billed_before,
        "final": agreement.final,
    }
    numbers = range(len(agreement.stretches))
    if agreement.detail:
        result["parts"] = [part for n in numbers for part in _parts(agreement, n, found[n])]
    else:
        result["quantities_at_changes"] = [_text(_figure(agreement, found[n])) for n in numbers[:-1]]
    return result


def _figure(agreement, measured):
    """What a price counts: the quantity, or the money that events carry."""
    row = agreement.row
    if row["charge_model"] in ("percentage", "graduated_percentage") and row["rate_base"] == "amount":
        return measured.amount
    return measured.amount if row["charge_model"] == "dynamic" else measured.quantity


def _parts(agreement, number, measured):
    """The parts of a stretch as dicts for the kernel, told which stretch they came in."""
    row = agreement.stretches[number].row
    if agreement.detail == "slots":
        parts = _slot_parts(agreement, number, measured.parts)
    elif row["charge_model"] == "percentage":
        base = row["rate_base"]
        parts = [{"amount": part[base], "quantity": part["quantity"]} for part in measured.parts]
    elif row["charge_model"] == "dynamic":
        parts = [{"amount": _text(measured.amount)}] if measured.event_count else []
    elif agreement.detail == "dimensions":
        parts = [{"quantity": part["quantity"], "dimensions": part["dimensions"]} for part in measured.parts]
    else:
        parts = [{"quantity": part["quantity"]} for part in measured.parts]
    return [{**part, "stretch": number} for part in parts] if number else parts


def _slot_parts(agreement, number, slots):
    """Sum slots into one part per time-of-use band and values of the price dimensions."""
    line, stretch = agreement.line, agreement.stretches[number]
    version = line.env["usage.rate.card.version"].browse(stretch.version_id)
    places = {band.id: str(place) for place, band in enumerate(version.band_ids, 1)}
    totals, memory = {}, {}
    for slot in slots:
        weekday, minute = slot["weekday"], slot["minute"]
        if minute < 0:
            raise UserError(
                line.env._(
                    "%(line)s is priced by time of use, but part of its usage was stored without "
                    "the time of day, because %(metric)s had no time-of-use slots then. Take the batches of that "
                    "usage back and send it again, or choose a rate card without times of day.",
                    line=line.display_name,
                    metric=line.usage_metric_id.display_name,
                )
            )
        if (weekday, minute) not in memory:
            memory[weekday, minute] = places.get(version._band_at(weekday, minute).id, "")
        dimensions = read_dimension_key(slot["dimension_key"])
        key = (memory[weekday, minute], tuple(sorted(dimensions.items())))
        totals[key] = EXACT.add(totals.get(key, Decimal(0)), Decimal(slot["quantity"]))
    return [
        {"quantity": _text(total), "dimensions": {**dict(dimensions), "band": band}}
        for (band, dimensions), total in totals.items()
    ]


def _text(number):
    return format(number, "f")
