"""The worker of a large upload that is killed in the middle of a file goes on where it stopped."""


def test_a_killed_worker_loses_no_row_and_stores_none_twice(databases, told, conf):
    attack = told("tests/faults/upload_kill.py", conf, databases.clone("upload"))
    assert attack["right"] and (attack["state"], attack["progress"]) == ("done", 100), attack
    assert (attack["kills"], attack["received"]) == (4, 8_000), attack
