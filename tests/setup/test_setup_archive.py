"""Where Odoo comes from: the archive, a file, a folder; and what is said when none of them will do."""

import shutil

import pytest
from setup_checkout import Checkout, fake_odoo

GONE = 4

# apt that answers for a mirror whose suite sid is there, with what `$CARRIES` says.
APT_GET = """
case "$*" in
    *indextargets*) echo "Debian main http://mirror.invalid/debian" ;;
    *download*) cp "$CARRIES" "$PWD/" ;;
    *update*) [ -z "$UNREACHABLE" ] || exit 100 ;;
esac
"""
APT_CACHE = '[ -z "$CARRIES" ] || echo "Version: 19.0.0+test-1"\n'

pytestmark = pytest.mark.skipif(not shutil.which("dpkg-deb"), reason="this system has no dpkg")


@pytest.fixture
def checkout(tmp_path):
    made = Checkout(tmp_path)
    made.program("apt-get", APT_GET)
    made.program("apt-cache", APT_CACHE)
    made.interpreter()
    return made


def one_line(run):
    lines = run.stderr.strip().splitlines()
    assert len(lines) == 1, run.stderr
    return lines[0]


def test_an_archive_that_has_moved_on_is_told_apart_and_the_ways_out_are_named(checkout):
    run = checkout.shell("odoo_package", CARRIES="")
    assert run.returncode == GONE
    said = one_line(run)
    assert "carries no package odoo-19 any more" in said
    assert all(way in said for way in ("ODOO_PATH=", "ODOO_DEB=", "docker/README.md"))


def test_an_archive_that_does_not_answer_is_another_matter(checkout):
    run = checkout.shell("odoo_package", CARRIES="", UNREACHABLE="yes")
    assert run.returncode == 1
    assert "no Debian mirror" in one_line(run)


def test_a_package_of_the_archive_is_unpacked_and_kept(checkout, tmp_path):
    package = checkout.package(folder=tmp_path / "mirror")
    first = checkout.shell("odoo_package", CARRIES=str(package))
    assert first.returncode == 0, first.stderr
    assert (checkout.site_packages() / "odoo/release.py").is_file()
    assert (checkout.root / ".local/cache" / package.name).is_file()
    assert not (checkout.root / ".local/unpack").exists()
    # Done once: the second time asks nobody.
    second = checkout.shell("odoo_package", CARRIES="", UNREACHABLE="yes")
    assert second.returncode == 0, second.stderr
    assert "downloading" not in second.stdout


def test_a_download_that_broke_off_is_fetched_again(checkout, tmp_path):
    package = checkout.package(folder=tmp_path / "mirror")
    cache = checkout.root / ".local/cache"
    cache.mkdir(parents=True)
    (cache / "odoo-19_19.0.0+half-1_all.deb").write_bytes(package.read_bytes()[:100])
    run = checkout.shell("odoo_package", CARRIES=str(package))
    assert run.returncode == 0, run.stderr
    assert [path.name for path in cache.glob("*.deb")] == [package.name]


def test_a_given_file_is_used(checkout):
    run = checkout.shell("odoo_package", ODOO_DEB=str(checkout.package()), UNREACHABLE="yes")
    assert run.returncode == 0, run.stderr
    assert "ready (deb 19.0.0+test-1)" in run.stdout


@pytest.mark.parametrize(("name", "version"), [("odoo-18", "18.0.0"), ("odoo-19", "20.0.0"), ("postgresql", "19.0")])
def test_a_file_that_is_something_else_is_refused(checkout, name, version):
    run = checkout.shell("odoo_package", ODOO_DEB=str(checkout.package(name, version)))
    assert run.returncode == 1
    assert f"it is {name} {version}, not Odoo 19.0" in one_line(run)


def test_a_file_that_is_no_package_is_refused(checkout, tmp_path):
    (tmp_path / "text.deb").write_text("no package")
    assert "not a Debian package" in one_line(checkout.shell("odoo_package", ODOO_DEB=str(tmp_path / "text.deb")))
    assert "no such file" in one_line(checkout.shell("odoo_package", ODOO_DEB=str(tmp_path / "nowhere.deb")))


@pytest.mark.parametrize("inner", ["", "odoo"])
def test_an_odoo_that_is_there_is_linked_and_left_alone(checkout, tmp_path, inner):
    fake_odoo(tmp_path / "theirs")
    before = sorted(tmp_path.joinpath("theirs").rglob("*"))
    run = checkout.shell("odoo_package; odoo_addons_path", ODOO_PATH=str(tmp_path / "theirs" / inner))
    assert run.returncode == 0, run.stderr
    assert f"{tmp_path}/theirs/odoo/addons," in run.stdout
    assert sorted(path for path in (tmp_path / "theirs").rglob("*") if "__pycache__" not in str(path)) == before


def test_an_odoo_of_another_series_is_refused(checkout, tmp_path):
    fake_odoo(tmp_path / "older", version=(18, 0))
    assert "it is not Odoo 19.0" in one_line(checkout.shell("odoo_package", ODOO_PATH=str(tmp_path / "older")))
    assert "no odoo/release.py" in one_line(checkout.shell("odoo_package", ODOO_PATH=str(tmp_path)))


SOURCES = {
    "debian.sources": "Types: deb\nURIs: http://mirror.invalid/debian\n"
    "Suites: bookworm bookworm-updates\nComponents: main\n"
    "\nTypes: deb\nURIs: http://mirror.invalid/debian-security\nSuites: bookworm-security\nComponents: main\n",
    "debian.list": "deb http://mirror.invalid/debian bookworm main\n"
    "# deb http://old.invalid/debian bookworm main\ndeb http://mirror.invalid/debian-security bookworm-security main\n",
}


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_the_mirror_is_read_from_the_systems_sources_in_both_formats(tmp_path, name):
    apt = shutil.which("apt-get")
    if not apt:
        pytest.skip("this system has no apt")
    checkout = Checkout(tmp_path)
    parts = tmp_path / "parts"
    parts.mkdir()
    (parts / name).write_text(SOURCES[name])
    options = (
        f"-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts={parts} -o Dir::State::Lists={tmp_path}/lists"
    )
    checkout.program("apt-get", f'exec {apt} {options} "$@"\n')
    run = checkout.shell("debian_mirrors")
    assert run.stdout.split() == ["http://mirror.invalid/debian/"], run.stderr
