"""Files that arrive in a folder: what is complete, what is claimed, where it goes. No Odoo in here.

Owns: paths below one root, completeness, atomic renames. Does not own: reading, storing, states.
"""

from .places import (
    OutsideRoot,
    claim,
    claimed_names,
    complete_names,
    digest_of,
    folder_below,
    move,
    open_claimed,
    original_name,
)

__all__ = [
    "OutsideRoot",
    "claim",
    "claimed_names",
    "complete_names",
    "digest_of",
    "folder_below",
    "move",
    "open_claimed",
    "original_name",
]
