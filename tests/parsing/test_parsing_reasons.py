"""The closed list of reasons: each is provoked, each explains itself, none is missing."""

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
import test_parsing_files  # noqa: F401 - registers the file-level codes it provokes
import usage_parsing as up
from parsing_helpers import LIMITS, codes, plain, read, records, rows, table, workbook
from reason_cases import FILE_CODES, ROW_CASES, provokes
from usage_parsing import reasons, register, sparkplug

T0 = datetime(2025, 1, 1, tzinfo=timezone.utc)


def case(code, *lines, limits=LIMITS, window=None, **changes):
    text = "id,subject,at,qty\n" + "\n".join(lines) + "\n"
    options = {"window": window} if window else {}
    ROW_CASES[code] = lambda: read(text, plain(**changes), limits, **options)


measure = {"metric": "m", "quantity": "qty"}
case("bad_row_shape", "e,s,2025-01-01")
case("too_many_columns", "e" + ",x" * 300)
case("cell_too_long", "e,s,2025-01-01," + "1" * 5_000)
case("nul_byte", "e,s\0,2025-01-01,1")
case("filtered", "e,s,2025-01-01,1", where=[{"column": "qty", "not_equals": "1"}])
case("missing_subject", "e,,2025-01-01,1")
case("missing_external_id", ",s,2025-01-01,1")
case("missing_metric", "e,s,2025-01-01,1", measures=[{"metric": {"column": "@none"}, "quantity": "qty"}])
case(
    "unknown_metric",
    "e,s,2025-01-01,1",
    measures=[{"metric": {"column": "subject", "map": {"x": "y"}}, "quantity": "qty"}],
)
case("missing_quantity", "e,s,2025-01-01,NA", null_words=["NA"])
case("bad_quantity", "e,s,2025-01-01,many")
case("ambiguous_number", 'e,s,2025-01-01,"1,234"', decimal="auto")
case("negative_quantity", "e,s,2025-01-01,-1")
case("bad_amount", "e,s,2025-01-01,1", amount="subject")
case("missing_time", "e,s,,1")
case("bad_time", "e,s,yesterday,1")
case("nonexistent_local_time", "e,s,2025-03-30 02:30:00,1", time_zone="Europe/Paris")
case("ambiguous_local_time", "e,s,2025-10-26 02:30:00,1", time_zone="Europe/Paris")
case("bad_interval", "e,s,2025-01-02,1", time={"column": "at", "until": {"column": "@end", "or": ["at"]}})
case("time_too_old", "e,s,2024-12-31,1", window=up.Window(earliest=T0))
case("time_in_future", "e,s,2025-01-02,1", window=up.Window(latest=T0))
case("unknown_unit", "e,s,2025-01-01,1", measures=[{**measure, "unit": {"column": "subject", "allowed": ["kWh"]}}])
case("unit_mismatch", "e,s,2025-01-01,1", measures=[{**measure, "unit": {"column": "subject", "expect": "kWh"}}])


@provokes("bad_interval")
def _ends_before_it_begins():
    text = "id,subject,at,end,qty\ne,s,2025-01-02,2025-01-01,1\n"
    return read(text, plain(time={"column": "at", "until": "end"}))


@provokes("bad_encoding")
def _bad_byte():
    return read(b"id,subject,at,qty\ne\xff,s,2025-01-01,1\n" + "é,ü,2025-01-01,1\n".encode(), plain())


@provokes("bad_structure")
def _not_an_object():
    return read('{"id": "e", "subject": "s", "at": "2025-01-01", "qty": 1}\n[1]\n', plain(format="jsonl"))


@provokes("too_deep")
def _nested():
    deep = '{"id": ' + '{"a": ' * 50 + "1" + "}" * 51
    return read('{"id": "e", "subject": "s", "at": "2025-01-01", "qty": 1}\n' + deep, plain(format="jsonl"))


@provokes("formula_cell")
def _formula():
    return read(
        workbook(
            lambda sheet, _book: (
                sheet.write_row(0, 0, ["id", "subject", "at", "qty"]),
                sheet.write_row(1, 0, ["e", "s", "2025-01-01"]),
                sheet.write_formula(1, 3, "=1+1", None, 2),
            )
        ),
        plain(format="xlsx"),
    )


@provokes("error_cell")
def _error():
    return read(
        workbook(
            lambda sheet, _book: (
                sheet.write_row(0, 0, ["id", "subject", "at", "qty"]),
                sheet.write_row(1, 0, ["e", "s", "2025-01-01"]),
                sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!"),
            )
        ),
        plain(format="xlsx", formulas="cached"),
    )


@provokes("merged_cell")
def _merged():
    return read(
        workbook(
            lambda sheet, _book: (
                sheet.write_row(0, 0, ["id", "subject", "at", "qty"]),
                sheet.write_row(1, 0, ["e", "s", "2025-01-01", 1]),
                sheet.merge_range("A2:A3", "e"),
                sheet.write_row(2, 1, ["s", "2025-01-01", 1]),
            )
        ),
        plain(format="xlsx"),
    )


@provokes("rounded_identity")
def _rounded():
    return read(table([1234567890123456789, "s", "2025-01-01", 1]), plain(format="xlsx"))


def registered(*readings, **rules):
    _state, found = register.run(
        None,
        [register.Reading(T0 + timedelta(hours=n), *map_(r)) for n, r in enumerate(readings)],
        register.RegisterRules(**rules),
    )
    return found


def map_(reading):
    value, *rest = reading if isinstance(reading, tuple) else (reading,)
    return (Decimal(value), *rest)


ROW_CASES["counter_reset"] = lambda: registered((500, "actual", T0), (3, "actual", T0 + timedelta(minutes=30)))
ROW_CASES["counter_rollover_undeclared"] = lambda: registered(500, 3)
ROW_CASES["reading_above_rollover"] = lambda: registered(1000, rollover=Decimal(1000))
ROW_CASES["replacement_incomplete"] = lambda: registered(500, (0, "opening"))
ROW_CASES["implausible_delta"] = lambda: registered(500, 900, max_delta=Decimal(100))


@provokes("reading_conflict")
def _same_moment():
    readings = [register.Reading(T0, Decimal(5)), register.Reading(T0, Decimal(6))]
    return register.run(None, readings, register.RegisterRules())[1]


@provokes("unknown_alias")
def _alias_without_birth():
    address = sparkplug.parse_topic("spBv1.0/plant/NDATA/edge")
    metric = sparkplug.Metric("", 7, 0, 10, Decimal(1), False)
    try:
        sparkplug.Node().row(address, sparkplug.Payload(0, 0, [metric]), metric)
    except reasons.Refuse as refusal:
        return [refusal]


@pytest.mark.parametrize("code", sorted(ROW_CASES))
def test_each_reason_is_provoked_and_explains_itself(code):
    items = ROW_CASES[code]()
    found = [item for item in items if getattr(item, "code", "") == code]
    assert found, [getattr(item, "code", item) for item in items]
    reason = up.REASONS[code]
    params = found[0].params
    assert all(isinstance(value, str) for value in params.values())
    assert "?" not in reason.explain(params).replace("(?)", ""), params
    assert "?" not in reason.advise(params)


def test_every_reason_that_this_folder_can_give_is_provoked_above():
    ours = {code for code, reason in up.REASONS.items() if reason.stage in ("parse", "register")}
    assert ours == set(ROW_CASES)
    assert {reason.stage for reason in up.REASONS.values()} == {"parse", "register", "guide", "store"}


def test_every_file_level_reason_is_provoked_in_test_files():
    assert set(up.FILE_REASONS) == FILE_CODES


def test_texts_are_sentences_with_named_parameters_only():
    for reason in [*up.REASONS.values(), *up.FILE_REASONS.values()]:
        assert reason.sentence.endswith(".") and reason.mend.endswith("."), reason.code
        assert not re.search(r"%(?!\(\w+\)s)", reason.sentence + reason.mend), reason.code
        assert reason.explain({}) and reason.advise({})


def test_no_reason_code_is_used_that_is_not_on_the_list():
    used = set()
    for path in Path(up.__path__[0]).glob("*.py"):
        text = path.read_text(encoding="utf-8")
        used |= set(re.findall(r'(?:Refuse|_reject|_anomaly)\((?:number, |raw_number, )?"(\w+)"', text))
        used |= set(re.findall(r'Rejection\([\w.]+, "(\w+)"', text))
    assert used - {"missing_amount"} <= set(up.REASONS)


def test_good_neighbours_of_each_bad_row_are_kept():
    for code in ("bad_row_shape", "nul_byte", "missing_quantity", "bad_time", "too_many_columns"):
        items = ROW_CASES[code]()
        assert codes(items) == [code]
    assert len(records(rows("e,s,2025-01-01,1"))) == 1
