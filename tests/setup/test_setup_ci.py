"""The fallback of continuous integration: a kept copy of the package, only when the archive has none any more."""

import pytest
from setup_checkout import Checkout

GONE = 4

# A setup that ends as told until it is given a package file.
SETUP = 'echo "setup ODOO_DEB=$ODOO_DEB"\n[ -n "$ODOO_DEB" ] || exit "$ENDS"\n'


@pytest.fixture
def checkout(tmp_path):
    made = Checkout(tmp_path)
    made.program("setup", SETUP, made.root / "scripts")
    made.program("test", 'echo "tests ODOO_DEB=$ODOO_DEB $*"\nexit "${TESTS_END:-0}"\n', made.root / "scripts")
    return made


def keep_a_copy(checkout):
    folder = checkout.root.parent / "shared/odoo"
    folder.mkdir(parents=True)
    (folder / "odoo-19_19.0.0_all.deb").write_text("kept")
    return folder / "odoo-19_19.0.0_all.deb"


def test_the_kept_copy_is_used_when_the_archive_has_moved_on(checkout):
    kept = keep_a_copy(checkout)
    run = checkout.run(".ci/run", "-k", "x", ENDS=str(GONE))
    assert run.returncode == 0, run.stderr
    assert f"tests ODOO_DEB={kept} -k x" in run.stdout


def test_without_a_kept_copy_it_ends_as_setup_ended(checkout):
    run = checkout.run(".ci/run", ENDS=str(GONE))
    assert run.returncode == GONE
    assert "tests" not in run.stdout


@pytest.mark.parametrize("ends", ["1", "2"])
def test_any_other_failure_is_no_reason_to_use_it(checkout, ends):
    keep_a_copy(checkout)
    run = checkout.run(".ci/run", ENDS=ends)
    assert run.returncode == int(ends)
    assert "ODOO_DEB=/" not in run.stdout


def test_the_archive_comes_first(checkout):
    keep_a_copy(checkout)
    run = checkout.run(".ci/run", ENDS="0")
    assert run.returncode == 0
    assert "tests ODOO_DEB= " in run.stdout


def test_its_exit_code_is_that_of_the_tests(checkout):
    assert checkout.run(".ci/run", ENDS="0", TESTS_END="5").returncode == 5
