"""A billing run shared by two workers of a real job runner survives the death of one; each period is invoiced once."""


def test_two_workers_share_a_run_and_one_may_die(databases, told, conf):
    run = told("tests/faults/queue_jobs.py", conf, databases.clone("jobs"), "120")
    assert (run["done"], run["failed"], run["invoices"]) == (120, 0, 120), run
    assert (run["least"], run["most"], run["periods"]) == (1, 1, 120), run
    assert run["job states"] == ["done"] and run["jobs"] >= 12, run
    assert run["workers"] >= 2, run
