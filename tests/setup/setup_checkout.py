"""A throw-away checkout with the project's scripts, and stand-ins for programs that would need a network."""

import os
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Checkout:
    """A copy of scripts/, requirements/ and .ci/ in a folder of its own."""

    def __init__(self, folder):
        self.root = folder / "checkout"
        self.bin = folder / "bin"
        self.bin.mkdir(parents=True)
        self.root.mkdir()
        for name in ("scripts", "requirements", ".ci"):
            shutil.copytree(ROOT / name, self.root / name, ignore=shutil.ignore_patterns("__pycache__"))

    def program(self, name, script, folder=None):
        """Put a shell script where programs are looked for first."""
        path = (folder or self.bin) / name
        path.write_text("#!/bin/sh\n" + script)
        path.chmod(0o755)

    def environment(self, **more):
        dropped = ("ODOO_PATH", "ODOO_DEB", "PYTHON", "CI")
        kept = {key: value for key, value in os.environ.items() if key not in dropped}
        return kept | {"PATH": f"{self.bin}:{os.environ['PATH']}"} | more

    def run(self, *command, **more):
        return subprocess.run(
            command,
            cwd=self.root,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def shell(self, script, **more):
        """Run a few lines with all parts of scripts/lib read in."""
        parts = " ".join(("common", "system", "python", "odoo", "postgres", "config"))
        head = f'for part in {parts}; do . "{self.root}/scripts/lib/$part.sh"; done\n'
        return self.run("bash", "-c", head + script, "setup", **more)

    def interpreter(self):
        """Make an environment without pip: enough to unpack into, made in a moment."""
        subprocess.run(["python3", "-m", "venv", "--without-pip", self.root / ".local/venv"], check=True)

    def site_packages(self):
        return next((self.root / ".local/venv/lib").glob("python3.*")) / "site-packages"

    def package(self, name="odoo-19", version="19.0.0+test-1", folder=None):
        """Build a Debian package that looks like Odoo's; give its path."""
        tree = self.root / "package"
        shutil.rmtree(tree, ignore_errors=True)
        fake_odoo(tree / "usr/lib/python3/dist-packages")
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN/control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
            "Maintainer: Nobody <nobody@example.com>\nDescription: test\n"
        )
        target = (folder or self.root) / f"{name}_{version}_all.deb"
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, target], check=True, capture_output=True)
        shutil.rmtree(tree)
        return target


def fake_odoo(folder, version=(19, 0)):
    """Write the least that passes for an Odoo of a version below a folder."""
    (folder / "odoo/addons/base").mkdir(parents=True)
    (folder / "odoo/init.py").write_text("")
    (folder / "odoo/release.py").write_text(f"version_info = {version!r}\n")
    (folder / "odoo-19.0.egg-info").mkdir()
