"""A listener among things that go away: the database, the broker, itself. Real processes, a real broker."""

import pytest


@pytest.fixture
def scenario(databases, told, conf, tmp_path):
    """Run a scenario of mqtt_scenarios.py on a database of its own; give what it tells."""
    return lambda name: told("tests/faults/mqtt_scenarios.py", conf, databases.clone(f"mqtt_{name}"), name, tmp_path)


def test_a_database_that_goes_away_costs_patience_and_no_message(scenario):
    told = scenario("database_away")
    assert told["arrived"] and told["events"] == 1500, told
    assert "does not answer" in told["error"]
    assert (told["state"], told["code"]) == ("connected", 0)


def test_a_stop_stores_and_acknowledges_what_waits(scenario):
    told = scenario("stop_in_the_middle")
    assert (told["before"], told["after"], told["code"]) == (0, 30, 0), told
    assert (told["redelivered"], told["state"]) == (0, "stopped"), told


def test_listeners_of_a_group_share_the_work_and_take_over_from_each_other(scenario):
    told = scenario("shared")
    assert told["arrived"] and told["events"] == 1500 and told["balanced"], told
    assert min(told["parts"]) > 100, told


def test_a_broker_that_goes_away_is_told_and_found_again(scenario):
    told = scenario("broker_away")
    assert told["arrived"] and (told["state"], told["code"]) == ("failed", 0), told
    assert told["error"].startswith("The "), told


def test_a_second_listener_of_the_same_name_waits_until_the_first_is_gone(scenario):
    assert scenario("same_name") == {"told": True, "first": True, "second": True, "arrived": True, "code": 0}


def test_a_broker_with_a_small_window_does_not_slow_each_batch_down(scenario):
    told = scenario("slow_broker")
    # 100 windows of 20 messages; had each waited its half second, 50 s.
    assert told["arrived"] and told["seconds"] < 45, told


def test_what_only_messages_can_be_refused_for_waits_in_suspense_and_says_so(scenario):
    told = scenario("reasons")
    assert list(told["reasons"]) == ["poison", "subject_mismatch", "unknown_alias"], told
    assert "failed 3 times" in told["reasons"]["poison"] and "no room for poison-1" in told["reasons"]["poison"]
    assert "A-00000" in told["reasons"]["subject_mismatch"]
    assert "plant/edge" in told["reasons"]["unknown_alias"], told
    assert (told["events"], told["code"]) == (2, [0, 0])


def test_only_our_certificate_is_let_in(scenario):
    told = scenario("certificates")
    assert told.pop("with") == "connected"
    assert set(told.values()) == {"failed"}, told
