"""Listeners that start in a moment: forked from a process that has the registry loaded and no threads.

They run what `odoo usage_consume` runs and die as it does; only the seconds of loading are saved.
"""

import os
import signal
import sys

import odoo


class Nursery:
    """Make it before any thread or connection: its child process forks the listeners."""

    def __init__(self, database, sources):
        self._database = database.name
        self._sources = sources
        odoo.sql_db.close_all()
        ask, self._ask = os.pipe()
        self._answer, answer = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            os.close(self._ask)
            os.close(self._answer)
            self._tend(os.fdopen(ask, "r"), answer)
        os.close(ask)
        os.close(answer)
        self._answers = os.fdopen(self._answer, "r")
        self._asks = os.fdopen(self._ask, "w", buffering=1)
        self.listener = 0

    def _tend(self, asks, answer):
        """The child: `start NAME` gives a process number, `wait NUMBER` the exit code once it has ended."""
        for line in asks:
            word, argument = line.split()
            if word == "start":
                pid = os.fork()
                if not pid:
                    asks.close()
                    os.close(answer)
                    self._listen(argument)
                told = pid
            else:
                told = os.waitstatus_to_exitcode(os.waitpid(int(argument), 0)[1])
            os.write(answer, f"{told}\n".encode())
        os._exit(0)

    def _listen(self, name):
        code = 1
        try:
            from odoo.addons.odoo_usage_mediation.mqtt.supervisor import serve

            serve(self._database, self._sources, name)
            code = 0
        finally:
            sys.stderr.flush()
            os._exit(code)

    def _told(self, line):
        self._asks.write(line + "\n")
        return int(self._answers.readline())

    def start(self, name="main"):
        """Start a listener; returns at once."""
        self.listener = self._told(f"start {name}")
        return self.listener

    def kill(self, pid=None):
        """kill -9, at whatever it is doing."""
        os.kill(pid or self.listener, signal.SIGKILL)
        self._told(f"wait {pid or self.listener}")

    def stop(self, pid=None):
        """SIGTERM; returns the exit code."""
        os.kill(pid or self.listener, signal.SIGTERM)
        return self._told(f"wait {pid or self.listener}")

    def close(self):
        """End the child; listeners must have ended before."""
        self._asks.close()
        self._answers.close()
        os.waitpid(self._pid, 0)
