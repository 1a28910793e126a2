"""What must not happen, watched from outside: a file opened, an address called, a file made."""

import ctypes
import os
import shutil
import socket
import struct
import tempfile
import threading
from pathlib import Path

OPENED = 0x20
EVENT = struct.calcsize("iIII")


class Bait:
    """A file that the kernel watches, an address that counts its callers, a path that should stay empty."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="usage-bait-"))
        self.path = self.folder / "bait.txt"
        self.made = self.folder / "made"
        self.path.write_text("the content of the bait\n")
        library = ctypes.CDLL(None, use_errno=True)
        self._watch = library.inotify_init1(os.O_NONBLOCK)
        if library.inotify_add_watch(self._watch, os.fsencode(self.path), OPENED) < 0:
            raise OSError(ctypes.get_errno(), "the bait cannot be watched")
        self._server = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._server.getsockname()[1]}/bait"
        self.calls = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self):
        while True:
            try:
                caller, _place = self._server.accept()
            except OSError:
                return
            self.calls += 1
            caller.close()

    def opened(self):
        """How often the file was opened since the last question."""
        count = 0
        while True:
            try:
                content = os.read(self._watch, 65_536)
            except BlockingIOError:
                return count
            place = 0
            while place < len(content):
                length = struct.unpack_from("iIII", content, place)[3]
                place += EVENT + length
                count += 1

    def ran(self):
        """Whether something ran that was only data: it called, or it made a file."""
        return self.calls + len(list(self.folder.glob("made*")))

    def check(self):
        """The traps work: each is sprung once on purpose."""
        self.path.read_text()
        socket.create_connection(self._server.getsockname()).close()
        self.made.touch()
        while not self.calls:
            pass
        sprung = self.opened() and self.ran() == 2
        self.made.unlink()
        self.calls = 0
        if not sprung:
            raise AssertionError("the bait does not tell")

    def close(self):
        """Take the traps away."""
        os.close(self._watch)
        self._server.close()
        shutil.rmtree(self.folder, ignore_errors=True)
