"""The year as a script: what happens in each month, to the end of the next January, each step committed."""

import random
from datetime import date, datetime, timedelta

from .byhand import months_after
from .year import Step

MONTHS = 13
#: (day of the month, what happens); "each" is done for every company.
MONTH = (
    (1, ("each", "accrue_month")),
    (1, ("each", "bill_company")),
    (2, ("release",)),
    (3, ("send_late", "correct")),
    (4, ("reprice", "change_rates")),
    (6, ("each", "look_at")),
    (6, ("decide", "pay", "each", "accrue_month")),
    (7, ("each", "bill_company")),
    (8, ("cancel_draft", "credit", "change_policy")),
    (9, ("send", "send", "send_again", "amend")),
    (12, ("move", "post_drafts", "pay")),
    (15, ("each", "bill_company", "send_late")),
    (17, ("each", "look_at", "bill_differences", "take_batch_back")),
    (20, ("send", "send", "send", "correct", "move")),
    (22, ("reprice", "release", "decide")),
    (24, ("end", "send_late")),
    (25, ("each", "look_at", "decide")),
    (28, ("send", "send", "send")),
)
#: The same with less of it.
SHORT_MONTH = (
    (2, ("each", "accrue_month")),
    (6, ("each", "bill_company", "release")),
    (8, ("send_late", "correct", "reprice")),
    (9, ("each", "look_at", "decide")),
    (12, ("cancel_draft", "change_policy", "credit", "pay", "post_drafts", "change_rates", "amend", "move")),
    (20, ("send", "send", "send_again", "take_batch_back", "end")),
    (28, ("send", "send", "bill_differences")),
)
CLOSING = date(2025, 12, 31)


def live(year, database, seed, script=MONTH, tell=lambda text: None):
    """Live thirteen months from January 2025 on; raises Violation after the first step that breaks something."""
    dice = random.Random(seed)
    for number in range(MONTHS):
        first = months_after(date(2025, 1, 1), number)
        for day, names in script:
            moment = datetime.combine(first + timedelta(days=day - 1), datetime.min.time()) + timedelta(hours=12)
            if moment > year.clock.now:
                year.clock.set(moment)
            _steps(year, database, dice, names, first)
        if first == months_after(CLOSING.replace(day=1), 1):
            _close(year, database, dice)
        tell(f"{first:%Y-%m}: {year.checked} checks")
    _settle(year, database, dice)


def _steps(year, database, dice, names, first):
    names = list(names)
    while names:
        name = names.pop(0)
        if name == "each":
            name = names.pop(0)
            for company_id in year.world.companies.values():
                _step(year, database, dice, name, company_id, first)
        else:
            _step(year, database, dice, name)


def _step(year, database, dice, name, company_id=None, first=None, day=None):
    step = Step(name, dice.randrange(10**9))
    with database.env() as env:
        if company_id is None:
            year.do(env, step)
        else:
            company = env["res.company"].browse(company_id)
            if name == "accrue_month":
                year.do(env, step._replace(name="accrue_company"), company, first - timedelta(days=1))
            elif day:
                year.do(env, step, company, day)
            else:
                year.do(env, step, company)
        env.cr.commit()


def _close(year, database, dice):
    """The year is locked; usage of it still comes, and is billed and credited in the open year."""
    for company_id in year.world.companies.values():
        _step(year, database, dice, "lock_company", company_id, day=CLOSING)
    for names in (("send_late", "send_late", "send_late", "correct", "reprice"), ("each", "look_at"), ("decide",)):
        _steps(year, database, dice, names, None)
    _steps(year, database, dice, ("bill_differences", "release", "try_locked", "cancel_draft", "credit", "pay"), None)


def _settle(year, database, dice):
    """On the first of the next month everything is billed, looked at and decided once more."""
    year.clock.set(
        datetime.combine(months_after(year.clock.today.replace(day=1), 1), datetime.min.time()) + timedelta(hours=9)
    )
    names = ("each", "bill_company", "release", "each", "look_at", "decide", "bill_differences", "post_drafts")
    _steps(year, database, dice, names, None)
