"""Places of a watched folder: the folder itself, and work/, done/ and failed/ in it.

Whoever may put files there is not trusted: nothing is followed that is a symbolic link, and no
path leads out of the root.
"""

import hashlib
import os
import stat
import uuid

WORK, DONE, FAILED = "work", "done", "failed"
MARKERS = (".done", ".ready")
# Names that senders give to what they are still writing.
UNFINISHED = (".part", ".tmp", ".filepart", ".partial")
CHUNK = 1 << 20
LONGEST_NAME = 200
TOKEN_CHARS = 12


class OutsideRoot(ValueError):
    """A path that does not lie below the root."""


def folder_below(root, relative):
    """The real path of a folder below `root`, or OutsideRoot. It need not exist yet."""
    parts = (relative or "").split("/")
    if not root or "\0" in relative or any(part in ("", ".", "..") or "\\" in part for part in parts):
        raise OutsideRoot(relative)
    base = os.path.realpath(root)
    path = os.path.realpath(os.path.join(base, *parts))
    if path == base or os.path.commonpath([base, path]) != base:
        raise OutsideRoot(relative)
    return path


def complete_names(folder, quiet_seconds, now, by_marker=False):
    """The names of the files that their sender has finished, oldest first.

    `now` in seconds of the clock that stamps files. A file is finished when neither its content
    nor its entry changed for `quiet_seconds`, or when a marker `NAME.done` or `NAME.ready` lies
    beside it.
    """
    found, present = [], set()
    with os.scandir(folder) as entries:
        for entry in entries:
            present.add(entry.name)
            if _is_candidate(entry):
                state = entry.stat(follow_symlinks=False)
                found.append((max(state.st_mtime, state.st_ctime), entry.name))
    if by_marker:
        return [name for _at, name in sorted(found) if any(name + mark in present for mark in MARKERS)]
    return [name for at, name in sorted(found) if now - at >= quiet_seconds]


def _is_candidate(entry):
    name = entry.name
    hidden = name.startswith(".") or name.endswith((*MARKERS, *UNFINISHED)) or len(name) > LONGEST_NAME
    return not hidden and entry.is_file(follow_symlinks=False) and _is_text(name)


def _is_text(name):
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def claim(folder, name):
    """Move a file to work/ in one step; its name there, or None when somebody else was first."""
    mine = f"{uuid.uuid4().hex[:TOKEN_CHARS]}-{name}"
    work = _own(folder, WORK)
    try:
        os.rename(os.path.join(folder, name), os.path.join(work, mine))
    except FileNotFoundError:
        return None
    for mark in MARKERS:
        try:
            os.remove(os.path.join(folder, name + mark))
        except FileNotFoundError:
            continue
    return mine


def claimed_names(folder):
    """The names in work/: claimed, by this process or by one that was killed."""
    with os.scandir(_own(folder, WORK)) as entries:
        return sorted(entry.name for entry in entries if entry.is_file(follow_symlinks=False))


def original_name(claimed):
    """The name under which a claimed file came."""
    return claimed[TOKEN_CHARS + 1 :]


def open_claimed(folder, claimed):
    """A claimed file, open for reading; never through a link."""
    path = os.path.join(_own(folder, WORK), claimed)
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OutsideRoot(claimed)
    return os.fdopen(handle, "rb")


def digest_of(stream):
    """SHA-256 (hex) of a file, read in pieces; the file is at its beginning afterwards."""
    digest = hashlib.sha256()
    stream.seek(0)
    while piece := stream.read(CHUNK):
        digest.update(piece)
    stream.seek(0)
    return digest.hexdigest()


def move(folder, claimed, place, name):
    """Move a claimed file to done/ or failed/ under `name`. Nothing happens when it is there already."""
    target = os.path.join(_own(folder, place), name)
    try:
        os.rename(os.path.join(_own(folder, WORK), claimed), target)
    except FileNotFoundError:
        if not os.path.exists(target):
            raise


def _own(folder, place):
    path = os.path.join(folder, place)
    os.makedirs(path, exist_ok=True)
    if os.path.realpath(path) != path:
        raise OutsideRoot(path)
    return path
