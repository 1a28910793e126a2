"""Usage that arrives while its period is invoiced is in the invoice, late, or in suspense, never between."""


def test_usage_stored_while_its_period_is_billed_is_never_lost(databases, told, conf):
    race = told("tests/faults/store_bill_race.py", conf, databases.clone("storebill"), "refuse")
    assert race["billed"] == 10, race
    assert race["accepted"] + race.get("suspended", 0) == race["sent"], race
    assert race["stored"] == race["accepted"] == race["charged"], race


def test_usage_that_comes_too_late_for_its_invoice_is_found_by_the_next_look(databases, told, conf):
    race = told("tests/faults/store_bill_race.py", conf, databases.clone("storelate"), "accept")
    assert race["billed"] == 10, race
    assert race["accepted"] == race["stored"] == race["sent"], race
    assert race["charged"] + race["adjusted"] == race["stored"], race
