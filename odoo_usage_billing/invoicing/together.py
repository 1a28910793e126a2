"""Which lines share an invoice: several contracts of a customer on one, or one contract's lines on several.

Works on the values that the contract module prepared, before anything is created.
"""

from odoo import Command

#: What contracts that share an invoice may have of their own; all else must be equal, whoever gave it.
OWN = ("ref", "invoice_origin", "invoice_user_id", "invoice_line_ids")
SECTIONS = ("line_section", "line_subsection")
#: Lines of one contract stay together: further apart than any sequence within it.
APART = 1_000_000


def arranged(env, values):
    """The invoice values of usage contracts, split by order number and brought together where contracts say so."""
    parts = [part for vals in values for part in _split(env, vals)]
    groups = {}
    for number, (contract, order, vals) in enumerate(parts):
        shared = repr(sorted((name, value) for name, value in vals.items() if value and name not in OWN))
        groups.setdefault((shared, order) if contract.usage_invoice_together else number, []).append((contract, vals))
    return [_merged(group) if len(group) > 1 else group[0][1] for group in groups.values()]


def _split(env, vals):
    """[(contract, order number, values)]: one for each order number of the lines, and one for those without."""
    lines = env["contract.line"]
    found = {}
    for command in vals["invoice_line_ids"]:
        line = lines.browse(command[2].get("contract_line_id"))
        found.setdefault(line.usage_order_number or "", []).append((line, command))
    result = []
    for order, pairs in found.items():
        part = {**vals, "invoice_line_ids": [command for _line, command in pairs]}
        if order:
            part["ref"] = order
        result.append((pairs[0][0].contract_id, order, part))
    return result


def _merged(group):
    """One invoice of several contracts: a section for each, its own sections below it."""
    first = group[0][1]
    commands = []
    for number, (contract, vals) in enumerate(group):
        offset = number * APART
        section = {
            "display_type": "line_section",
            "name": contract._usage_invoice_section(),
            "sequence": offset,
            "contract_line_id": vals["invoice_line_ids"][0][2].get("contract_line_id"),
            "balance": 0.0,
            "amount_currency": 0.0,
        }
        commands.append(Command.create(section))
        for command in vals["invoice_line_ids"]:
            line = command[2]
            line["sequence"] = offset + 1 + line.get("sequence", 0)
            if line.get("display_type") in SECTIONS:
                line["display_type"] = "line_subsection"
            commands.append(command)
    refs = dict.fromkeys(vals["ref"] for _contract, vals in group if vals.get("ref"))
    origins = dict.fromkeys(vals["invoice_origin"] for _contract, vals in group if vals.get("invoice_origin"))
    return {
        **first,
        "ref": ", ".join(refs) or False,
        "invoice_origin": ", ".join(origins) or False,
        "invoice_line_ids": commands,
    }
