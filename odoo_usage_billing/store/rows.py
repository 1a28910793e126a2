"""A record that is guided: everything of its event but the id, texts ready to be copied."""

from functools import partial
from typing import NamedTuple


class Guided(NamedTuple):
    """`at`, `day` and `quantity` are texts as PostgreSQL reads them; `person`: the end user's id, or 0."""

    key: str
    digest: str
    record: object
    owner: object
    person: int
    at: str
    day: str
    slot: int
    quantity: str
    dimension_key: str


# Calling a NamedTuple costs twice a bare tuple.__new__, and this runs once per record.
make_guided = partial(tuple.__new__, Guided)
