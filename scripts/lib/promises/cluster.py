"""A PostgreSQL of our own that may be crashed and starved, in a file system of its own where that is allowed."""

import getpass
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import odoo

#: initdb refuses root; who runs the server then.
OWNERS = ("postgres", "nobody")
SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 60
shared_buffers = 64MB
max_wal_size = 128MB
min_wal_size = 64MB
restart_after_crash = on
"""


class Cluster:
    """One server in a folder that can be full; `close` leaves nothing behind."""

    def __init__(self, megabytes):
        self.folder = Path(tempfile.mkdtemp(prefix="usage-cluster-"))
        self.folder.chmod(0o755)
        self.is_bounded = self._bound(megabytes)
        self.data = self.folder / "data"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data.mkdir(mode=0o700)
        accounts = {account.pw_name for account in pwd.getpwall()}
        self.owner = None if os.getuid() else next(name for name in OWNERS if name in accounts)
        if self.owner:
            shutil.chown(self.data, self.owner)
        self._run("initdb", "-D", self.data, "-U", "odoo", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(f"{SETTINGS}port = {self.port}\n")
        self.start()

    def _bound(self, megabytes):
        """Mount a file system of this size on the folder; False where this user may not."""
        if os.getuid():
            return False
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "usage-cluster", self.folder]
        return subprocess.run(command, capture_output=True).returncode == 0

    def _run(self, program, *arguments, check=True):
        command = [shutil.which(program), *map(str, arguments)]
        if self.owner:
            command = ["runuser", "-u", self.owner, "--", *command]
        with (Path(tempfile.gettempdir()) / f"usage-cluster-{getpass.getuser()}.log").open("a") as log:
            return subprocess.run(command, stdout=log, stderr=log, cwd="/", check=check).returncode

    def start(self):
        """Start, and wait until it answers; a server that recovers takes its time."""
        for _turn in range(20):
            if self._run("pg_ctl", "-D", self.data, "-w", "-t", "120", "start", check=False) == 0:
                return
            time.sleep(0.5)
        raise AssertionError("PostgreSQL does not start")

    def crash(self):
        """Stop at once, as when the power fails, and start again."""
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop", check=False)
        self.start()

    def fill(self):
        """Take every byte that is left."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            size = 1 << 20
            while size:
                try:
                    ballast.write(bytes(size))
                except OSError:
                    size //= 2

    def relieve(self):
        """Give the bytes back, and start the server if it gave up."""
        (self.folder / "ballast").unlink()
        if self._run("pg_ctl", "-D", self.data, "status", check=False):
            self.start()

    def take_over(self, name):
        """Copy a database of the usual server here, and have this process use it from now on."""
        config = odoo.tools.config
        dump = self.folder / "dump"
        subprocess.run(["pg_dump", "-Fc", "-Z1", "-f", dump, name], check=True)
        here = {**os.environ, "PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "odoo"}
        subprocess.run(["createdb", "-T", "template0", name], check=True, env=here)
        subprocess.run(["pg_restore", "--no-owner", "-j2", "-d", name, dump], check=True, env=here)
        dump.unlink()
        odoo.sql_db.close_all()
        config["db_port"] = self.port

    def close(self):
        """Stop it and forget its folder."""
        odoo.sql_db.close_all()
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop", check=False)
        if self.is_bounded:
            subprocess.run(["umount", "-l", self.folder], check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
