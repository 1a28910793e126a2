"""The keys under which external ids are remembered for ever, 128 bits each, as hex.

Producers count: most ids end in a number, or are UUIDs that begin with the time. Ordered keys keep what was counted
together, so that new ones lie side by side in the index, however many are stored; see
docs/decisions/0052-ids-of-one-producer-lie-side-by-side.md.
"""

import hashlib
import os
import re

#: How a source's ids become keys. It never changes once a source has keys.
ORDERED, HASHED = "ordered", "hashed"
#: How many figures a number at the end of an id has that stands in its key as it is.
NUMBERED = frozenset(range(3, 15))
KEY_CHARS = 32
DIGITS = "0123456789"
#: A UUID of version 7 as RFC 9562 writes it: it begins with the time and is a key as it stands.
TIMED_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
UUID_CHARS = 36

_NOTHING = hashlib.blake2b(digest_size=16)


def hashed(texts):
    """The 128-bit digest (hex) of each text."""
    # A copy of an empty digest costs two thirds of a new one.
    found, copy = [], _NOTHING.copy
    for text in texts:
        digest = copy()
        digest.update(text.encode())
        found.append(digest.hexdigest())
    return found


def keys_of(names, form):
    """The keys of external ids, in their order, in the form of their source."""
    if form == HASHED or not names:
        return hashed(names)
    # Most batches are one count, whose names differ in nothing but their last figures.
    head = os.path.commonprefix([min(names), max(names)]).rstrip(DIGITS)
    numbers = [name[len(head) :] for name in names]
    figures, counts = "".join(numbers), set(map(len, numbers))
    is_one_count = figures.isdecimal() and figures.isascii() and counts <= NUMBERED
    if not is_one_count or UUID_CHARS - len(head) in counts:
        return _one_by_one(names)
    starts = {count: _start(head, count) for count in counts}
    return [starts[len(number)] + number for number in numbers]


def _one_by_one(names):
    starts, keys = {}, []
    for name in names:
        head = name.rstrip(DIGITS)
        count = len(name) - len(head)
        if len(name) == UUID_CHARS and TIMED_UUID.fullmatch(name):
            keys.append(name.replace("-", ""))
        elif count in NUMBERED:
            start = starts.get((head, count))
            if start is None:
                start = starts[head, count] = _start(head, count)
            keys.append(start + name[-count:])
        else:
            keys += hashed((name,))
    return keys


def _start(head, count):
    """What stands in a key before a number of `count` digits: the begin of a hash of what comes before the number.

    The count is part of what is hashed: 123 and 0123 are two ids.
    """
    return hashed((f"{count}\x1f{head}",))[0][: KEY_CHARS - count]
