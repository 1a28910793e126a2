"""Two users confirm the same file at the same moment: the events and the invoice are those of one."""


def test_two_users_at_once_store_a_file_once(databases, told, conf):
    race = told("tests/faults/upload_race.py", conf, databases.clone("twousers"))
    rows = race["rows"]
    assert race["accepted"] == rows
    assert race["duplicate"] == rows * (race["uploads"] - 1)
    assert race["events"] == rows
    assert race["invoiced"] == race["invoiced_once"]
