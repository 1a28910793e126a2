"""The books of a database are looked at from the command line, and nothing is changed."""

import subprocess


def test_a_database_without_usage_holds(root, databases):
    name = databases.clone("books")
    run = subprocess.run([root / "scripts/verify_books", "--all", name], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines[-1] == "verify_books: the books hold"
    assert len(lines) == 20 and all(line.startswith("holds") for line in lines[:-1]), run.stdout


def test_a_break_is_named_and_told_by_the_exit_code(root, databases):
    name = databases.clone("broken_books")
    statement = """
        INSERT INTO usage_bucket
               (company_id, contract_line_id, metric_id, subject_id, usage_date, quantity_sum, event_count)
        SELECT id, 1, 1, 1, CURRENT_DATE, 7, 1 FROM res_company LIMIT 1
    """
    subprocess.run(["psql", "-X", "-q", "-d", name, "-c", statement], check=True)
    run = subprocess.run([root / "scripts/verify_books", name], capture_output=True, text=True, check=False)
    assert run.returncode == 1, run.stdout + run.stderr
    broken = [line for line in run.stdout.splitlines() if line.startswith("BROKEN")]
    assert len(broken) == 1 and "bucket_events" in broken[0] and "1 of 1" in broken[0], run.stdout
    assert "bucket quantity 7" in run.stdout
    assert run.stdout.splitlines()[-1] == "verify_books: broken: bucket_events"


def test_a_database_that_is_not_there_is_said(root):
    run = subprocess.run([root / "scripts/verify_books", "no_such_books"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "cannot be looked at" in run.stdout


def test_without_a_database_the_usage_is_shown(root):
    run = subprocess.run([root / "scripts/verify_books"], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert "scripts/verify_books DATABASE" in run.stdout
