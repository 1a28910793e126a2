"""Prepaid money that several invoices want at once is drawn once."""


def test_workers_that_invoice_at_once_draw_one_balance_to_zero_and_no_further(databases, told, conf):
    race = told("tests/faults/prepaid_race.py", conf, databases.clone("prepaid"))
    assert race["billed"] == race["invoices"] == 12, race
    assert race["charged"] > race["paid"], race
    assert (race["drawn"], race["left"]) == (race["paid"], 0), race
    assert race["due"] == round(race["charged"] - race["paid"], 2), race
    assert race["broken"] == [], race
