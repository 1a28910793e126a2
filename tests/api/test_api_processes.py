"""Four workers take the same usage at once: every id counts once, every sender is told the truth."""

import json
import os
import subprocess
import sys

import pytest

SENDERS, IDS, PER_REQUEST, TIMES = 4, 400, 50, 2
PACE, KNOCKS = 30, 20


@pytest.fixture(scope="module")
def told(databases, root):
    done = subprocess.run(
        [sys.executable, root / "tests/api/door_race.py", os.environ["USAGE_TEST_CONF"], databases.clone("door")],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_each_id_counts_once_and_every_sender_hears_it(told):
    sent = told["sent"]
    assert told["events"] == sent["accepted"] == IDS
    assert told["quantity"] == told["quantity_once"]
    assert sent["duplicate"] == SENDERS * TIMES * IDS - IDS
    # Well-behaved senders meet no other answer than "stored" and "busy, send again".
    assert sent["http 200"] == SENDERS * TIMES * IDS // PER_REQUEST
    assert set(sent) <= {"accepted", "duplicate", "http 200", "http 503"}


def test_other_content_under_a_known_id_is_a_conflict_each_time(told):
    assert told["altered"] == {"conflict": PER_REQUEST, "http 200": 1}


def test_the_batches_add_up_to_what_was_answered(told):
    sent, batches = told["sent"], told["batches"]
    assert batches["received"] == sent["accepted"] + sent["duplicate"] + PER_REQUEST
    assert batches["accepted"] == sent["accepted"]
    assert batches["duplicate"] == sent["duplicate"]
    assert batches["suspended"] == PER_REQUEST


def test_workers_agree_on_the_pace_although_nothing_is_stored(told):
    knocked = told["knocked"]
    assert knocked["400"] + knocked["429"] == SENDERS * KNOCKS
    # A share comes free every 2 s while the knocking lasts.
    assert PACE <= knocked["400"] <= PACE + 10
