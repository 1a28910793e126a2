"""Books that are made wrong on purpose, one way after the other: the checks must see each of them."""

from fractions import Fraction

from .checks import require

POSTED_USAGE = """
    SELECT l.id FROM account_move_line l JOIN account_move m ON m.id = l.move_id
     WHERE m.state = 'posted' AND l.usage_component_id IS NOT NULL AND l.balance < 0 ORDER BY l.id LIMIT 1
"""


def falsify(year, database):
    """Each way is undone again; one that nothing sees is a violation."""
    for way in (
        _entry_changed,
        _entry_before_the_lock,
        _accrual_without_end,
        _usage_nobody_counted,
        _amount_of_a_charge,
    ):
        with database.env() as env:
            year.clock.tell(env.cr)
            kept = dict(year.said)
            undo = way(year, env) or (lambda: None)
            env.invalidate_all()
            try:
                year.check(env)
            except AssertionError:
                seen = True
            else:
                seen = False
            undo()
            year.said = kept
            env.cr.rollback()
            env.transaction.clear()
        require(seen, f"{way.__name__}: the checks saw nothing")


def _entry_changed(year, env):
    env.cr.execute(POSTED_USAGE)
    env.cr.execute("UPDATE account_move_line SET name = name || '.' WHERE id = %s", env.cr.fetchone())


def _entry_before_the_lock(year, env):
    name, (day, _before) = next(iter(year.locks.items()))
    company_id = year.world.companies[name]
    env.cr.execute(
        "UPDATE account_move SET date = %s WHERE id = (SELECT MAX(id) FROM account_move"
        " WHERE company_id = %s AND state = 'posted' AND date > %s)",
        (day, company_id, day),
    )
    year.said = {}


def _accrual_without_end(year, env):
    env.cr.execute(
        "UPDATE account_move SET state = 'draft' WHERE id = (SELECT MAX(reversal_move_id) FROM usage_accrual)"
    )
    env.cr.execute(
        "UPDATE account_move_line SET parent_state = 'draft'"
        " WHERE move_id = (SELECT MAX(reversal_move_id) FROM usage_accrual)"
    )
    year.said = {}


def _usage_nobody_counted(year, env):
    name, used = next((name, used) for name, used in year.diary.used.items() if name not in year.diary.gone)
    year.diary.used[name] = used._replace(quantity=used.quantity + 1)
    return lambda: year.diary.used.__setitem__(name, used)


def _amount_of_a_charge(year, env):
    line = next(line for line in year.diary.lines.values() if line.kind.by_days)
    line.prices[0] = (line.prices[0][0], line.prices[0][1] + Fraction(1))
    return lambda: line.prices.__setitem__(0, (line.prices[0][0], line.prices[0][1] - Fraction(1)))


WAYS = (_entry_changed, _entry_before_the_lock, _accrual_without_end, _usage_nobody_counted, _amount_of_a_charge)
