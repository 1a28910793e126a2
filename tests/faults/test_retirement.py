"""A month of events is put away while others write and rate: nothing is lost, what comes later finds room."""


def test_a_month_is_retired_while_others_write_to_it_and_rate_it(databases, told, conf):
    race = told("tests/faults/retire_race.py", conf, databases.clone("retire"))
    assert race["wanted meanwhile"] > 0, race
    assert race["checks"] > 0 and race["checked back"] == 1 and not race.get("found broken"), race
    assert race.get("reopened", 0) + race.get("kept closed", 0) == 1 and not race["given back without events"], race
    assert race["looked back"] == 1 and not race.get("found without events"), race
    assert race.get("suspended", 0) == race["too late to take back"], race
    assert race["accepted"] + race["duplicate"] + race.get("suspended", 0) == race["sent"], race
    assert race["stored"] + race["retired"] == race["counted"] == race["accepted"], race
    assert race["keys"] == race["accepted"] + race["taken back"], race
    assert race["retired"] >= 600 and race["january in place"] > 0, race
    assert race["january"] == race["january billed"], race
    assert not race["deadlocks"] and not race["broken"], race
