"""What each addon brings besides code."""

import re

import pytest
from tidy_source import ROOT, addons, files, manifest, report, text

FRAGMENTS = ("DESCRIPTION.md", "CONFIGURE.md", "USAGE.md", "CONTRIBUTORS.md")


@pytest.fixture(params=addons() or ["none"])
def addon(request):
    if not (ROOT / request.param).is_dir():
        pytest.skip("no addon is here yet")
    return request.param


def test_readme_fragments_are_there(addon):
    missing = [f"{addon}/readme/{name}" for name in FRAGMENTS if not (ROOT / addon / "readme" / name).is_file()]
    report(missing, "each addon has its readme fragments; missing:")


def test_an_icon_is_there(addon):
    icons = [ROOT / addon / "static/description" / name for name in ("icon.png", "icon.svg")]
    assert any(icon.is_file() for icon in icons), f"{addon}/static/description/icon.png (or .svg) is missing"


def test_it_can_be_packaged(addon):
    path = ROOT / addon / "pyproject.toml"
    assert path.is_file(), f"{addon}/pyproject.toml is missing"
    assert 'build-backend = "whool.buildapi"' in path.read_text(), f"{path.name} of {addon} builds with whool"


def test_its_strings_can_be_translated(addon):
    assert (ROOT / addon / "i18n" / f"{addon}.pot").is_file(), f"{addon}/i18n/{addon}.pot is missing"


def test_its_manifest_is_complete(addon):
    found = manifest(addon)
    assert found.get("license") == "AGPL-3", f"{addon} is licensed AGPL-3"
    assert re.fullmatch(r"19\.0\.\d+\.\d+\.\d+", found.get("version", "")), f"{addon} has a version 19.0.x.y.z"
    gone = [
        f"{addon}/{name}"
        for key in ("data", "demo")
        for name in found.get(key, [])
        if not (ROOT / addon / name).is_file()
    ]
    report(gone, "the manifest names files that are not there:")


def test_every_data_file_is_loaded(addon):
    """A view that no manifest names is a view nobody sees."""
    named = {name for key in ("data", "demo") for name in manifest(addon).get(key, [])}
    folders = {"views", "data", "security", "wizards", "report", "demo"}
    found = [
        str(name)
        for name in files()
        if name.parts[0] == addon and name.suffix in (".xml", ".csv") and name.parts[1] in folders
        if str(name.relative_to(addon)) not in named and name.name not in _quoted(addon)
    ]
    report(found, "these files are in no manifest:")


def _quoted(addon):
    """Give file names that Python code of the addon mentions (samples, templates read at run time)."""
    code = "\n".join(text(name) for name in files() if name.parts[0] == addon and name.suffix == ".py")
    return set(re.findall(r"[\w.-]+\.(?:xml|csv)", code.replace(text(_manifest_of(addon)), "")))


def _manifest_of(addon):
    return next(name for name in files() if str(name) == f"{addon}/__manifest__.py")
