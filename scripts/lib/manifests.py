"""What the addons of this checkout are and need, read from their manifests without importing them."""

import ast
import hashlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Folders and files that change nothing in an installed database.
IDLE_FOLDERS = {"tests", "readme", "__pycache__", "docs"}
IDLE_SUFFIXES = {".md", ".rst", ".pyc"}


def addons():
    """Give the manifest of each installable addon, by name, dependencies first."""
    found = {path.parent.name: ast.literal_eval(path.read_text()) for path in sorted(ROOT.glob("*/__manifest__.py"))}
    found = {name: manifest for name, manifest in found.items() if manifest.get("installable", True)}
    ordered = {}

    def add(name):
        if name in found and name not in ordered:
            for needed in found[name].get("depends", ["base"]):
                add(needed)
            ordered[name] = found[name]

    for name in found:
        add(name)
    return ordered


def foreign_dependencies():
    """Give the modules of others that must be installed before ours."""
    ours = addons()
    return sorted({needed for manifest in ours.values() for needed in manifest.get("depends", ["base"])} - set(ours))


def sources_digest():
    """Give the digest of all addon files an installed database depends on."""
    digest = hashlib.sha256()
    for name in addons():
        for path in sorted((ROOT / name).rglob("*")):
            inner = path.relative_to(ROOT / name)
            if not path.is_file() or path.suffix in IDLE_SUFFIXES or IDLE_FOLDERS & set(inner.parts):
                continue
            digest.update(f"{name}/{inner}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()


if __name__ == "__main__":
    verbs = {
        "addons": lambda: ",".join(addons()),
        "foreign": lambda: ",".join(foreign_dependencies()),
        "digest": sources_digest,
    }
    print(verbs[sys.argv[1]]())
