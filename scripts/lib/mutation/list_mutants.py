"""List the mutants of modules as JSON: python list_mutants.py OUTPUT MODULE... (in the environment of cosmic-ray).

A mutant is {operator, line, before, after, start, end, text}: put `text` in place of source[start:end].
"""

import hashlib
import json
import sys
from pathlib import Path

from cosmic_ray import plugins
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code

#: One sensible wrong operator or two for each right one. The dozen others that cosmic-ray knows (shifts, bitwise
#: ones, `is`) raise a TypeError on fractions: they would be killed by anything and flatter the score.
BINARY = (
    "Add_Sub Sub_Add Mul_Div Mul_Add Div_Mul FloorDiv_Mul FloorDiv_Add Mod_Add Mod_Mul Pow_Mul Pow_Add BitOr_BitAnd"
)
COMPARISON = (
    "Eq_NotEq NotEq_Eq Lt_LtE Lt_Gt Lt_GtE Lt_NotEq LtE_Lt LtE_Gt LtE_Eq "
    "Gt_GtE Gt_Lt Gt_LtE Gt_NotEq GtE_Gt GtE_Lt GtE_Eq Is_IsNot IsNot_Is"
)
OTHERS = (
    "AddNot ReplaceTrueWithFalse ReplaceFalseWithTrue ReplaceAndWithOr ReplaceOrWithAnd ReplaceBreakWithContinue "
    "ReplaceContinueWithBreak ExceptionReplacer NumberReplacer RemoveDecorator ZeroIterationForLoop "
    "ReplaceUnaryOperator_USub_UAdd ReplaceUnaryOperator_Delete_Not"
)
OPERATORS = [f"core/ReplaceBinaryOperator_{name}" for name in BINARY.split()]
OPERATORS += [f"core/ReplaceComparisonOperator_{name}" for name in COMPARISON.split()]
OPERATORS += [f"core/{name}" for name in OTHERS.split()]


def mutants(source):
    """Yield each mutant of a module's source."""
    nodes = list(ast_nodes(get_ast(source)))
    for name in OPERATORS:
        operator = plugins.get_operator(name)()
        count = sum(1 for node in nodes for _ in operator.mutation_positions(node))
        for occurrence in range(count):
            changed = mutate_code(source, operator, occurrence)
            if changed is not None and changed != source:
                yield difference(source, changed) | {"operator": name.removeprefix("core/")}


def difference(source, changed):
    """Return where two texts differ, and the lines around."""
    start, end = 0, 0
    limit = min(len(source), len(changed))
    while start < limit and source[start] == changed[start]:
        start += 1
    while end < limit - start and source[-1 - end] == changed[-1 - end]:
        end += 1
    row = source.count("\n", 0, start)
    return {
        "line": row + 1,
        "before": source.splitlines()[row].strip(),
        "after": (changed.splitlines()[row : row + 1] or [""])[0].strip(),
        "start": start,
        "end": len(source) - end,
        "text": changed[start : len(changed) - end],
    }


def main():
    """Write {module: {digest, mutants}} of the named files."""
    found = {}
    for name in sys.argv[2:]:
        source = Path(name).read_text(encoding="utf-8")
        listed = {}
        for mutant in mutants(source):
            key = f"{mutant['line']}:{mutant['start']}-{mutant['end']}:{mutant['text']}"
            listed.setdefault(key, mutant)
        found[Path(name).stem] = {"digest": hashlib.sha256(source.encode()).hexdigest(), "mutants": listed}
    Path(sys.argv[1]).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main()
