"""The closed list of reasons why a record or a whole file is refused.

A reason is what a person reads in suspense: what happened, why it matters, how to mend it.
Codes are stored for ever, so a code is never renamed or reused; texts may be reworded.
"""

from __future__ import annotations

from typing import NamedTuple

from .reason_texts import FILE_TEXTS, ROW_TEXTS


class Reason(NamedTuple):
    """One entry of the closed list.

    ``sentence`` and ``mend`` are English templates with ``%(name)s`` parameters, ready for
    translation. ``stage`` names the step that can give the reason: ``parse``, ``register``,
    ``guide`` or ``store``.
    """

    code: str
    stage: str
    sentence: str
    mend: str

    def explain(self, params: dict[str, str]) -> str:
        """Fill the sentence. A parameter that is missing shows as ``?``, it never raises."""
        return self.sentence % _Lenient(params)

    def advise(self, params: dict[str, str]) -> str:
        """Fill the mending advice. A parameter that is missing shows as ``?``."""
        return self.mend % _Lenient(params)


class _Lenient(dict):
    def __missing__(self, key):
        return "?"


REASONS: dict[str, Reason] = {code: Reason(code, stage, sentence, mend) for code, stage, sentence, mend in ROW_TEXTS}
FILE_REASONS: dict[str, Reason] = {code: Reason(code, "file", sentence, mend) for code, sentence, mend in FILE_TEXTS}
assert len(REASONS) == len(ROW_TEXTS) and len(FILE_REASONS) == len(FILE_TEXTS)


class FileRefused(Exception):
    """The whole file or message is refused; nothing of it may be stored.

    ``code`` is a key of FILE_REASONS, ``params`` are texts for its templates.
    It can rise when reading begins or in the middle of it: roll the batch back.
    """

    def __init__(self, code: str, **params: object):
        self.code = code
        self.params = {name: str(value) for name, value in params.items()}
        self.reason = FILE_REASONS[code]
        super().__init__(self.reason.explain(self.params))


class Refuse(Exception):
    """One record is refused. Raised and caught inside this folder only; becomes a Rejection."""

    def __init__(self, code: str, **params: object):
        self.code = code
        self.params = {name: _visible(str(value)) for name, value in params.items()}
        super().__init__(code)


def _visible(text: str) -> str:
    """Return a text that any database can hold: NUL and lone surrogates as escapes."""
    text = text.replace("\0", "\\x00")
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")
