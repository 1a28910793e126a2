"""Promise 14: commitments and allowances balance over the term.

Random terms with amendments, pauses, early ends and late usage, billed period by period; what was promised is worked
out day by day beside the kernel.
"""

from .kernel import spread

NUMBER = 14
PROMISE = "Commitments and allowances balance over the term"
TARGET = "imbalance 0.00; duplicated or missing true-ups 0"
SIZES = {"full": 100_000, "medium": 20_000, "small": 200}


def attack(_database, size, seed):
    """Return {figures..., "holds": bool}."""
    import kernel_terms

    found = spread(kernel_terms.run, seed, SIZES[size])
    wrong = (
        "imbalance in cents",
        "true-ups too many or missing",
        "allowance imbalance",
        "days outside billing periods",
    )
    shown = ("terms", "amendments", "pauses", "early ends", "late usage", "true-ups", *wrong)
    figures = {name: int(-(-found[name] // 1)) for name in shown}
    return figures | {"holds": not any(found[name] for name in wrong) and found["true-ups"] > 0}
