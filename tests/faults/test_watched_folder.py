"""A reader of a watched folder that is killed in the middle of a file goes on where it stopped."""


def test_a_killed_reader_loses_no_row_and_stores_none_twice(databases, told, conf):
    attack = told("scripts/lib/bench/watched_folder.py", conf, databases.clone("folder"), "20000", "4", "1000")
    assert attack["right"] and attack["state"] == "done", attack
    assert attack["kills"] == 4, attack
    assert attack["moved"] == ["large.csv"], attack
