"""From a reason code and its parameters to (what happened, what to do)."""

import re

from .file_reasons import FILE_MENDS, FILE_SENTENCES
from .row_reasons import ROW_MENDS, ROW_SENTENCES

PARAMETER = re.compile(r"%\((\w+)\)s")
SENTENCE_END = ". "


def fill(template, params):
    """`template` with its %(name)s parameters; a missing one shows as a question mark."""
    return PARAMETER.sub(lambda match: str(params.get(match.group(1), "?")), template)


def explain_file(env, code, params):
    """(what happened, what to do) of a refused file, in the user's language."""
    return _explain(env, code, params, FILE_SENTENCES, FILE_MENDS)


def explain_row(env, code, params, sentences):
    """(what happened, what to do) of a refused record, in the user's language.

    `sentences`: {code: text} of the store. It shares a few codes with the readers but names
    the parameters differently: the sentence whose parameters are all known was meant.
    """
    params = params or {}
    stored = sentences.get(code)
    own = ROW_SENTENCES.get(code)
    if stored is None or stored is own or (own is not None and not _knows(stored, params)):
        return _explain(env, code, params, ROW_SENTENCES, ROW_MENDS)
    return _split(env._(stored), params)


def _explain(env, code, params, sentences, mends):
    if code not in sentences:
        return code, ""
    return fill(env._(sentences[code]), params), fill(env._(mends[code]), params)


def _knows(template, params):
    source = getattr(template, "_source", template)
    return set(PARAMETER.findall(source)) <= params.keys()


def _split(template, params):
    """The store says what and what to do in one text: its first sentence is the what."""
    what, end, mend = template.partition(SENTENCE_END)
    return fill(what + end.rstrip(), params), fill(mend, params)
