"""Usage that arrives while its period is invoiced is in the invoice or in suspense, never between."""


def test_usage_stored_while_its_period_is_billed_is_never_lost(databases, told, conf):
    race = told("tests/faults/store_bill_race.py", conf, databases.clone("storebill"))
    assert race["billed"] == 10, race
    assert race["accepted"] + race.get("suspended", 0) == race["sent"], race
    assert race["stored"] == race["accepted"] == race["charged"], race
