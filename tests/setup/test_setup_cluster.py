"""The cluster of a checkout: its own folder, port and passwords; it comes back after a stop and leaves others alone."""

import os
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from setup_checkout import Checkout

CLUSTER = "mkdir -p .local/log .local/data; postgres_cluster; write_config"
STOP = """
pg_account; find_pg_bin; PG_DATA=$(readlink -f "$PG_HOME")/data
as_pg "$PG_BIN/pg_ctl" -D "$PG_DATA" -m fast -w stop
"""
ASK = '. .local/env; psql -X -At -d postgres -c "%s"'


def make(folder):
    checkout = Checkout(folder)
    checkout.interpreter()
    return checkout


@pytest.fixture(scope="module")
def checkout():
    # Not below pytest's own folder: that one is closed to the user who runs the server for root.
    folder = Path(tempfile.mkdtemp(prefix="usage-setup-"))
    folder.chmod(0o755)
    made = make(folder)
    run = made.shell(CLUSTER)
    if "PostgreSQL 15 or newer is missing" in run.stderr:
        pytest.skip("PostgreSQL is not installed here")
    assert run.returncode == 0, run.stderr
    yield made
    made.run("scripts/lib/remove", "--yes")
    shutil.rmtree(folder)


def port(checkout):
    return int((checkout.root / ".local/pg.port").read_text())


def ask(checkout, query):
    run = checkout.shell(ASK % query)
    assert run.returncode == 0, run.stderr
    return run.stdout.strip()


def test_it_listens_on_this_machine_only_and_wants_a_password(checkout):
    assert ask(checkout, "SHOW listen_addresses") == "127.0.0.1"
    assert "unix_socket_directories = ''" in checkout.shell("PG_PORT=1; pg_settings").stdout
    assert ask(checkout, "SHOW password_encryption") == "scram-sha-256"
    run = checkout.shell('. .local/env; PGPASSWORD=wrong psql -X -d postgres -c "SELECT 1"')
    assert "password authentication failed" in run.stderr


def test_writes_are_durable(checkout):
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert ask(checkout, f"SHOW {setting}") == "on"


def test_the_role_makes_databases_with_exclusion_constraints_and_is_no_superuser(checkout):
    assert ask(checkout, "SELECT rolsuper, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = 'odoo'") == "f|t|f"
    run = checkout.shell(
        ". .local/env; createdb probe && psql -X -q -d probe -c 'CREATE EXTENSION btree_gist' && dropdb probe"
    )
    assert run.returncode == 0, run.stderr


def test_secrets_are_for_the_owner_only(checkout):
    for name in ("env", "odoo.conf", "odoo-test.conf", "secrets/odoo", "secrets/superuser"):
        assert (checkout.root / ".local" / name).stat().st_mode & 0o077 == 0, name


def test_a_second_run_changes_nothing(checkout):
    before = (port(checkout), ask(checkout, "SELECT pg_postmaster_start_time()"))
    assert checkout.shell(CLUSTER).returncode == 0
    assert (port(checkout), ask(checkout, "SELECT pg_postmaster_start_time()")) == before


def test_it_is_started_again_on_its_port_and_keeps_its_data(checkout):
    before = port(checkout)
    assert checkout.shell(STOP).returncode == 0
    run = checkout.shell(CLUSTER)
    assert run.returncode == 0, run.stderr
    assert port(checkout) == before


def test_a_port_that_somebody_took_is_replaced_and_written_everywhere(checkout):
    before = port(checkout)
    assert checkout.shell(STOP).returncode == 0
    with socket.socket() as thief:
        thief.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        thief.bind(("127.0.0.1", before))
        thief.listen()
        run = checkout.shell(CLUSTER)
    assert run.returncode == 0, run.stderr
    assert port(checkout) != before
    assert f"db_port = {port(checkout)}" in (checkout.root / ".local/odoo.conf").read_text()
    assert ask(checkout, "SELECT 1") == "1"


@pytest.mark.skipif(os.getuid() != 0, reason="only root has folders that the server's user cannot reach")
def test_below_a_closed_folder_the_files_go_elsewhere_and_a_neighbour_is_no_trouble(checkout, tmp_path):
    closed = make(tmp_path)
    tmp_path.chmod(0o700)
    try:
        run = closed.shell(CLUSTER)
        assert run.returncode == 0, run.stderr
        assert "cannot reach this checkout" in run.stdout
        elsewhere = (closed.root / ".local/pg").readlink()
        assert port(closed) != port(checkout)
        assert ask(closed, "SELECT 1") == ask(checkout, "SELECT 1") == "1"
    finally:
        assert closed.run("scripts/lib/remove", "--yes").returncode == 0
    assert not elsewhere.exists()
