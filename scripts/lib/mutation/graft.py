"""Put the code of a mutant into functions that are loaded already, so that nothing is imported again."""

import gc
import inspect
from types import CodeType, FunctionType

#: Functions that are called while the kernel is loaded, and never again.
AT_IMPORT = ("column", "exactly")


class Graft:
    """The functions of the loaded kernel, by the code they run."""

    def __init__(self, folder):
        self.functions = {}
        for item in gc.get_objects():
            if isinstance(item, FunctionType) and item.__code__.co_filename.startswith(str(folder)):
                self.functions.setdefault(item.__code__, []).append(item)

    def apply(self, path, source, changed):
        """Give the functions that differ their new code; False when what differs runs at import."""
        pairs = changes(compile(source, path, "exec"), compile(changed, path, "exec"))
        if pairs is None or any(old.co_name in AT_IMPORT for old, _new in pairs):
            return False
        wanted = {place(old): new for old, new in pairs}
        found = [(known, wanted[place(known)]) for known in self.functions if place(known) in wanted]
        for known, new in found:
            for function in self.functions[known]:
                function.__code__ = new
        return bool(found)


def place(code):
    """Return what tells a function of a file from the others."""
    return code.co_filename, code.co_firstlineno, code.co_name, code.co_code, code.co_varnames


def is_function(code):
    return bool(code.co_flags & inspect.CO_OPTIMIZED)


def changes(old, new):
    """Return [(old code, new code)] of the functions that differ, those around them included; None when others do."""
    inner = [[item for item in code.co_consts if isinstance(item, CodeType)] for code in (old, new)]
    if len(inner[0]) != len(inner[1]):
        return [(old, new)] if is_function(old) else None
    found, own = [], body(old) != body(new)
    if own and not is_function(old):
        return None
    for one, other in zip(*inner, strict=True):
        below = changes(one, other)
        if below is None:
            return None
        found += below
    return [(old, new), *found] if is_function(old) and (own or found) else found


def body(code):
    """Return what a code object does itself."""
    constants = [(type(item), item) for item in code.co_consts if not isinstance(item, CodeType)]
    return code.co_code, constants, code.co_names, code.co_varnames
