"""The simulator: the same plan gives the same bytes, and its truth is the sum of what it wrote."""

import csv
import hashlib
import io
import json
import random
import subprocess
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from simulate import main, outputs
from simulate.faults import NONSENSE, arriving, flow
from simulate.plan import COUNTER, DELTA, FAULTS, METRICS, WHAT, Plan, parse_faults
from simulate.truth import Truth

ROOT = Path(__file__).resolve().parents[2]
STEPS = 130
FLEET = dict.fromkeys(METRICS, 4)
PLAN = Plan(seed=7, fleet=FLEET, minutes=120, steps=STEPS, wrap=65_536, reorder_seconds=9_000)


def told(plan):
    """(messages as they arrive, truth) of a plan."""
    truth = Truth(plan)
    return list(arriving(plan, truth)), truth


def test_the_same_seed_gives_the_same_bytes_in_every_format():
    plan = PLAN._replace(faults=FAULTS, steps=50)

    def digests(seed):
        text, lines, book = io.StringIO(), io.StringIO(), io.BytesIO()
        for write, target in ((outputs.write_csv, text), (outputs.write_jsonl, lines), (outputs.write_xlsx, book)):
            write(arriving(plan._replace(seed=seed)), target, plan.wrap)
        contents = (text.getvalue().encode(), lines.getvalue().encode(), book.getvalue())
        return [hashlib.sha256(content).hexdigest() for content in contents]

    assert digests(1) == digests(1)
    assert not set(digests(1)) & set(digests(2))


def test_formats_say_the_same():
    messages = list(arriving(PLAN._replace(faults=FAULTS, steps=30)))
    text, lines, book = io.StringIO(), io.StringIO(), io.BytesIO()
    assert len(messages) == outputs.write_csv(messages, text)
    assert len(messages) == outputs.write_jsonl(messages, lines)
    assert len(messages) == outputs.write_xlsx(messages, book)
    rows = list(csv.reader(io.StringIO(text.getvalue())))
    assert rows[1:] == [list(json.loads(line).values()) for line in lines.getvalue().splitlines()]
    sheet = openpyxl.load_workbook(book, read_only=True).active
    assert rows == [[cell or "" for cell in cells] for cells in sheet.iter_rows(values_only=True)]


def test_the_truth_without_faults_is_the_sum_of_the_file():
    messages, truth = told(PLAN)
    sums, last = {}, {}
    for message in messages:
        quantity, at = Decimal(message.quantity), message.at
        if message.metric == "energy":
            quantity, last[message.serial] = quantity - last.get(message.serial, quantity), quantity
            at -= timedelta(microseconds=1)
        key = (message.serial, message.metric, f"{at:%Y-%m-%d}")
        most = max(sums.get(key, Decimal(0)), quantity)
        sums[key] = most if message.metric == "storage" else sums.get(key, Decimal(0)) + quantity
    sums = {key: quantity for key, quantity in sums.items() if quantity}
    assert truth.usage == truth.booked == sums
    assert truth.counts == {"messages": 4 * 4 * STEPS, "arriving": 4 * 4 * STEPS, "duplicates": 0}
    assert not truth.faults and not truth.suspense and not truth.conflicts and not truth.missing


def test_the_perfect_world_is_the_same_whatever_happens_on_the_way():
    usage = told(PLAN)[1].usage
    for faults in (FAULTS, *({name: 200} for name in FAULTS if name != "drift")):
        assert told(PLAN._replace(faults=faults))[1].usage == usage, faults


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_each_fault_shows_in_the_messages_and_in_the_truth(fault):
    plain, _truth = told(PLAN)
    rate = 1000 if fault == "reset" else 200
    messages, truth = told(PLAN._replace(faults={fault: rate}))
    assert truth.faults[fault] and set(truth.faults) == {fault}
    SHOWS[fault](plain, messages, truth)


def _ids(messages):
    return Counter(message.id for message in messages)


def _shows_duplicate(plain, messages, truth):
    again = {name: count for name, count in _ids(messages).items() if count > 1}
    assert sum(again.values()) - len(again) == truth.counts["duplicates"] == len(messages) - len(plain)
    assert truth.booked == truth.usage


def _shows_altered(_plain, messages, truth):
    first = {}
    altered = [m.id for m in messages if first.setdefault(m.id, m.quantity) != m.quantity]
    assert sorted(altered) == sorted(truth.conflicts) and truth.booked == truth.usage


def _shows_loss(plain, messages, truth):
    lost = {m.id for m in plain} - {m.id for m in messages}
    assert len(lost) == sum(map(len, truth.missing.values())) == len(plain) - len(messages)
    assert sum(truth.booked.values()) < sum(truth.usage.values())
    # A register tells later what was used while its readings were lost.
    assert truth.totals(truth.booked)["energy"] == truth.totals(truth.usage)["energy"]


def _shows_corrupt(_plain, messages, truth):
    assert sorted(m.id for m in messages if m.quantity in NONSENSE) == sorted(truth.suspense)


def _shows_absurd(_plain, messages, truth):
    absurd = [m.id for m in messages if not 0 <= Decimal(m.quantity) < 10**6]
    assert sorted(absurd) == sorted(truth.suspense)


def _shows_lateness(plain, messages, truth):
    assert [m.id for m in messages] != [m.id for m in plain]
    assert sorted(messages) == sorted(plain) and truth.booked == truth.usage


def _shows_restart(_plain, messages, truth):
    starts = {(m.serial, m.boot) for m in messages}
    assert len(starts) - 4 * 4 == truth.faults["restart"]
    assert all(m.number == 0 for m in messages if m.boot and m.is_edge and (m.number < 30))


def _shows_replace(_plain, messages, truth):
    kinds = Counter(m.kind for m in messages)
    assert kinds["closing"] == kinds["opening"] == truth.faults["replace"]
    assert truth.booked == truth.usage


def _shows_estimate(_plain, messages, truth):
    assert sum(m.kind == "estimated" for m in messages) == truth.faults["estimate"]
    actual = {m.serial for m in messages if m.kind}
    assert len(actual) == FLEET[COUNTER] and truth.booked != truth.usage


def _shows_reset(_plain, messages, truth):
    value, fell = {}, set()
    for m in messages:
        if m.kind and Decimal(m.quantity) < value.get(m.serial, Decimal(0)):
            fell.add(m.serial)
        value[m.serial] = Decimal(m.quantity) if m.kind else Decimal(0)
    assert fell == {m.serial for m in messages if m.id in set(truth.suspense)} and len(fell) == FLEET[COUNTER] // 2


def _shows_drift(plain, messages, truth):
    right = {m.id: m.at for m in plain}
    assert sum(m.at != right[m.id] for m in messages) == truth.faults["drift"]
    assert all(abs(m.at - right[m.id]) < timedelta(minutes=11) for m in messages)


SHOWS = {
    "duplicate": _shows_duplicate,
    "altered": _shows_altered,
    "drop": _shows_loss,
    "silence": _shows_loss,
    "corrupt": _shows_corrupt,
    "absurd": _shows_absurd,
    "reorder": _shows_lateness,
    "delay": _shows_lateness,
    "restart": _shows_restart,
    "replace": _shows_replace,
    "estimate": _shows_estimate,
    "reset": _shows_reset,
    "drift": _shows_drift,
}


def test_counters_roll_over_where_it_is_declared():
    plan = PLAN._replace(fleet={COUNTER: 4}, rollover=1_000)
    messages, truth = told(plan)
    assert max(Decimal(m.quantity) for m in messages) < 1_000
    assert truth.totals(truth.usage)["energy"] > 4 * 1_000
    assert truth.booked == truth.usage == told(plan._replace(rollover=0))[1].usage


def test_numbers_wrap_in_what_is_sent_and_count_on_in_the_truth():
    messages = list(arriving(PLAN._replace(fleet={DELTA: 2})))
    seqs = [int(outputs.row(m, PLAN.wrap)[-1]) for m in messages if m.serial == messages[0].serial]
    assert max(seqs) == 65_535 and 0 in seqs
    numbers = [m.number for m in messages if m.serial == messages[0].serial]
    assert numbers == list(range(numbers[0], numbers[0] + STEPS))


def test_memory_does_not_grow_with_the_simulated_time():
    held = most = 0
    for arrival in flow(PLAN._replace(fleet={DELTA: 3}, steps=5_000, faults={"reorder": 1_000})):
        most = max(most, arrival.at - arrival.message.sent_at) if most else arrival.at - arrival.message.sent_at
        held += 1
    assert held == 15_000 and most <= timedelta(seconds=PLAN.reorder_seconds)


def test_the_day_is_the_zones():
    zone = "Pacific/Kiritimati"
    plan = Plan(seed=random.Random(1).randrange(99), fleet={DELTA: 1}, minutes=1_440, steps=3, zone=zone)
    plan = plan._replace(start=datetime(2026, 1, 1, 9, 59, tzinfo=timezone.utc))
    # From 09:59 to 21:59 UTC; 10:00 UTC is midnight there.
    days = {day for _serial, _metric, day in told(plan)[1].usage}
    assert days <= {f"2026-01-0{day}" for day in (1, 2, 3, 4)} and len(days) == 3


def test_faults_are_named_with_their_rates():
    assert parse_faults("all") == FAULTS and parse_faults("none") == {} and set(WHAT) == set(FAULTS)
    assert parse_faults("drop=7,delay") == {"drop": 7, "delay": FAULTS["delay"]}
    for text in ("flood", "drop=many", "drop=1001"):
        with pytest.raises(ValueError, match="no fault with a rate"):
            parse_faults(text)


def test_the_command_writes_a_file_and_its_truth(tmp_path, capsys):
    file, truth = tmp_path / "usage.csv", tmp_path / "truth.json"
    options = ["--seed=3", "--days=5", "--deltas=2", "--faults=all", f"--csv={file}", f"--truth={truth}"]
    main.main(options)
    data = json.loads(truth.read_text())
    assert len(file.read_text().splitlines()) == data["counts"]["arriving"] + 1
    assert f"{data['counts']['arriving']} rows" in capsys.readouterr().out
    main.main(["--profile=csv"])
    assert json.loads(capsys.readouterr().out)["format"] == "csv"


def test_the_script_prints_the_truth_alone_when_it_is_asked_for():
    command = [ROOT / "scripts/simulate", "--days=1", "--deltas=1", "--truth=-"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    truth = json.loads(done.stdout)
    assert truth["counts"] == {"messages": 24, "arriving": 24, "duplicates": 0}
    assert truth["totals"]["usage"] == truth["totals"]["booked"] and "written nowhere" in done.stderr


def test_the_simulator_knows_no_float():
    for path in sorted((ROOT / "scripts/lib/simulate").glob("*.py")):
        assert "float" not in path.read_text(), path.name
