"""The doctor names each fault with its mend."""

import subprocess

from setup_checkout import ROOT, Checkout


def test_an_empty_checkout_is_sent_to_setup(tmp_path):
    run = Checkout(tmp_path).run("scripts/doctor")
    assert run.returncode == 1
    assert "WRONG virtual environment: .local/venv is missing. Mend: scripts/setup" in run.stdout
    assert "doctor: " in run.stdout.splitlines()[-1]


def test_every_fault_has_a_mend(tmp_path):
    checkout = Checkout(tmp_path)
    checkout.interpreter()
    run = checkout.run("scripts/doctor")
    wrong = [line for line in run.stdout.splitlines() if line.startswith("WRONG")]
    assert len(wrong) >= 4, run.stdout
    assert all(". Mend: " in line for line in wrong)
    assert not run.stderr.strip(), run.stderr


def test_a_clock_that_lags_is_found(tmp_path):
    checkout = Checkout(tmp_path)
    checkout.program("date", 'if [ "$1" = +%s ]; then echo 1000000000; else exec /bin/date "$@"; fi\n')
    assert "WRONG clock" in checkout.run("scripts/doctor").stdout


def test_a_full_disk_is_found(tmp_path):
    checkout = Checkout(tmp_path)
    checkout.program("df", "echo Avail; echo 1000\n")
    assert "WRONG disk" in checkout.run("scripts/doctor").stdout


def test_it_changes_nothing(tmp_path):
    checkout = Checkout(tmp_path)
    checkout.run("scripts/doctor")
    assert not (checkout.root / ".local").exists()


def test_this_checkout_is_well():
    """The installation these tests run on passes, but for tools a machine may lack."""
    run = subprocess.run([ROOT / "scripts/doctor"], capture_output=True, text=True, check=False)
    parts = ("virtual environment", "packages", "Odoo", "PostgreSQL", "configuration", "clock")
    wrong = [line for line in run.stdout.splitlines() if line.startswith(tuple(f"WRONG {part}" for part in parts))]
    assert not wrong, "\n".join(wrong)
