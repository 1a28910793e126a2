"""Keeps note of which test provokes which reason; ``test_reasons`` asks that none is left out."""

ROW_CASES = {}
FILE_CODES = set()


def provokes_file(code):
    """Mark a test as provoking a file-level code."""

    def mark(test):
        FILE_CODES.add(code)
        return test

    return mark


def provokes(code):
    """Register a function that returns items, one of which must be a rejection with this code."""

    def mark(case):
        ROW_CASES[code] = case
        return case

    return mark
