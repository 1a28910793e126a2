"""scripts/verify_books' Python half: one read-only transaction, one line per invariant."""

import argparse
import sys

import psycopg2

import odoo
from odoo.sql_db import db_connect


def say(text):
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(cr, everything):
    """Print what each invariant found; returns the names of the broken ones."""
    from odoo.addons.odoo_usage_billing.audit import verify
    from odoo.addons.odoo_usage_billing.store.retirement import hold

    cr.execute("SET TRANSACTION READ ONLY")
    # Before anything is read: what is looked at is as it was from here on.
    hold(cr)
    cr.execute("SELECT id FROM res_company ORDER BY id")
    broken = []
    for finding in verify(cr, [company_id for (company_id,) in cr.fetchall()], everything):
        count = f"{finding.broken:,} of {finding.checked:,}" if finding.broken else f"{finding.checked:,}"
        say(
            f"{'BROKEN' if finding.broken else 'holds ':<6}  {finding.code:<17} {count:>15}  {finding.sentence._source}"
        )
        for example in finding.examples:
            say(f"                          {example}")
        if finding.broken:
            broken.append(finding.code)
    return broken


def main():
    """Look at one database; exit code 1 when something is broken, 2 when it cannot be looked at."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    odoo.tools.config.parse_config(["-c", options.config, "--no-http"])
    try:
        with db_connect(options.database).cursor() as cr:
            broken = tell(cr, options.all)
            cr.rollback()
    except (psycopg2.OperationalError, psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedColumn) as error:
        say(f"verify_books: {options.database} cannot be looked at: {str(error).splitlines()[0]}")
        sys.exit(2)
    say(f"verify_books: {'broken: ' + ', '.join(broken) if broken else 'the books hold'}")
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
