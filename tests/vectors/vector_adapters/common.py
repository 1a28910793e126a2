"""What all adapters share: the case with its bookkeeping, and one way to rate a term or a part of it."""

from __future__ import annotations

from fractions import Fraction

from usage_rating import Terms, Usage, rate

ADAPTERS = {}
#: Money step where a source prints unrounded amounts: fine enough to compare all digits it prints.
FINE = "0.000000000001"
CENT = "0.01"
MISSING = object()


class NotApplicable(Exception):
    """The case cannot be put to the kernel; the text says why."""


def adapter(file_format, *models):
    """Register a function as the adapter of `models` in a file format ("vector" or "peer")."""

    def register(function):
        for model in models:
            ADAPTERS[file_format, model] = function
        return function

    return register


def find(file_format, model):
    """Return the adapter of a model, or of the longest registered name it begins with, or None.

    "graduated_min" is a graduated price with a minimum: what is added is read from the parameters.
    """
    words = model.split("_")
    for count in range(len(words), 0, -1):
        found = ADAPTERS.get((file_format, "_".join(words[:count])))
        if found:
            return found
    return None


class Options:
    """A dict of parameters that remembers which were read."""

    def __init__(self, values):
        self.values = values if isinstance(values, dict) else {}
        self.seen = set()

    def get(self, *names, default=None):
        """Return the first of `names` that is given, else the default; all names count as read."""
        found = MISSING
        for name in names:
            self.seen.add(name)
            if found is MISSING and name in self.values:
                found = self.values[name]
        return default if found is MISSING else found

    def unread(self):
        """Return the names nobody read."""
        return sorted(set(self.values) - self.seen)


class Case:
    """One published example: `params` and `usage` as Options, `raw` as it stands in the file."""

    def __init__(self, raw):
        self.raw = raw
        self.params = Options(raw.get("params"))
        self.usage = Options(raw.get("usage"))
        self.source = str(raw.get("peer") or raw.get("source") or "").lower()

    def check_all_read(self):
        """Raise NotApplicable when a parameter was not understood."""
        unread = self.params.unread() + self.usage.unread()
        if unread:
            raise NotApplicable("not understood: " + ", ".join(unread))


def number(value):
    """Return text of a number as the kernel reads it."""
    if isinstance(value, bool) or value is None or isinstance(value, (list, dict)):
        raise NotApplicable(f"{value!r} is not a number")
    return str(value)


def numbers(value):
    """Return a list of numbers from one number or a list."""
    return [number(item) for item in (value if isinstance(value, (list, tuple)) else [value])]


def total(values):
    """Return the exact sum of numbers as text the kernel reads."""
    return text(sum((Fraction(str(value)) for value in values), Fraction(0)))


def text(fraction):
    """Return a Fraction of finite decimals as text."""
    from usage_rating.exact import to_text

    return to_text(fraction)


def tiers(rows, last_open=True):
    """Return kernel tiers of rows {up_to, unit, flat}; a closed last tier is opened at its own price."""
    result = []
    for row in rows:
        unknown = set(row) - {"up_to", "unit", "flat", "size", "cap", "package_size"}
        if unknown:
            raise NotApplicable("not understood in a tier: " + ", ".join(sorted(unknown)))
        tier = {"unit_price": str(row.get("unit", "0")), "flat_amount": str(row.get("flat", "0"))}
        if row.get("up_to") is not None:
            tier["up_to"] = str(row["up_to"])
        if row.get("size", row.get("package_size")) is not None:
            tier["package_size"] = str(row.get("size", row.get("package_size")))
        if row.get("cap") is not None:
            tier["maximum"] = str(row["cap"])
        result.append(tier)
    if last_open and result:
        result[-1].pop("up_to", None)
    return result


def charge(terms, quantity=None, parts=(), before=None, billed=None, final=True, earlier=False):
    """Return the Charge of one billing period.

    `before` is the quantity already rated in the term, `billed` what the source says was billed for it;
    without `billed` the kernel rates `before` itself, when there is such usage or `earlier` says there was
    a billing period.
    """
    agreed = Terms.from_dict(terms)
    values = {"final": final, "quantity_before": before or "0"}
    if quantity is not None:
        values["quantity"] = quantity
    if parts:
        values["parts"] = parts
    if billed is not None:
        values["billed_before"] = {"billed-before": billed}
    elif before is not None and Fraction(before) or earlier:
        past = rate(Usage.from_dict({"quantity": before or "0", "final": False}), agreed)
        values["billed_before"] = past.to_dict().get("billed_after", {})
    return rate(Usage.from_dict(values), agreed)


def amount(*arguments, **options):
    """Return the amount of `charge`, as a Fraction."""
    return Fraction(charge(*arguments, **options).amount)
