"""DDL of the usage store, kept idempotent: it runs at each install and update.

The event table is partitioned, which the ORM does not know, so `usage.event`
binds to it with `_auto = False` and these statements create it.
"""

import logging
from datetime import date

import psycopg2.errors
from dateutil.relativedelta import relativedelta

from odoo.exceptions import ConcurrencyError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

PARTITION_MONTHS_BACK = 26
PARTITION_MONTHS_AHEAD = 3
#: Each value of the sequence of events stands for so many ids, from it on: one draw serves many events.
ID_BLOCK = 100

EVENT_TABLE = """
CREATE SEQUENCE IF NOT EXISTS usage_event_id_seq;
ALTER SEQUENCE usage_event_id_seq INCREMENT BY 100;
CREATE TABLE IF NOT EXISTS usage_event (
    id bigint NOT NULL DEFAULT nextval('usage_event_id_seq'),
    company_id integer NOT NULL,
    source_id integer NOT NULL,
    batch_id integer NOT NULL,
    row_number integer,
    external_id text NOT NULL,
    subject_id integer NOT NULL,
    assignment_id integer NOT NULL,
    contract_line_id integer NOT NULL,
    metric_id integer NOT NULL,
    end_user_id integer,
    occurred_at timestamp NOT NULL,
    received_at timestamp NOT NULL,
    usage_date date NOT NULL,
    usage_slot smallint NOT NULL DEFAULT -1,
    quantity numeric NOT NULL,
    amount numeric,
    dimensions jsonb,
    dimension_key text NOT NULL DEFAULT '',
    voids_event_id bigint,
    CHECK (quantity <> 'NaN' AND quantity <> 'Infinity' AND quantity <> '-Infinity'),
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
CREATE INDEX IF NOT EXISTS usage_event_line_date_index
    ON usage_event (contract_line_id, metric_id, usage_date);
CREATE INDEX IF NOT EXISTS usage_event_batch_index
    ON usage_event USING brin (batch_id);
-- An event is taken back once: a void lies at the instant of what it takes back.
CREATE UNIQUE INDEX IF NOT EXISTS usage_event_void_unique
    ON usage_event (voids_event_id, occurred_at) WHERE voids_event_id IS NOT NULL;
"""

KEY_TABLE = """
CREATE TABLE IF NOT EXISTS usage_event_key (
    source_id integer NOT NULL,
    external_key uuid NOT NULL,
    content_digest uuid NOT NULL,
    event_id bigint NOT NULL,
    PRIMARY KEY (source_id, external_key)
);
"""

BUCKET_TABLE = """
CREATE TABLE IF NOT EXISTS usage_bucket (
    id bigserial PRIMARY KEY,
    company_id integer NOT NULL,
    contract_line_id integer NOT NULL,
    metric_id integer NOT NULL,
    subject_id integer NOT NULL,
    end_user_id integer NOT NULL DEFAULT 0,
    usage_date date NOT NULL,
    usage_slot smallint NOT NULL DEFAULT -1,
    dimension_key text NOT NULL DEFAULT '',
    quantity_sum numeric NOT NULL,
    amount_sum numeric NOT NULL DEFAULT 0,
    event_count bigint NOT NULL,
    void_count bigint NOT NULL DEFAULT 0,
    quantity_max numeric,
    quantity_last numeric,
    last_at timestamp
);
ALTER TABLE usage_bucket ADD COLUMN IF NOT EXISTS void_count bigint NOT NULL DEFAULT 0;
-- Sums change many times a day: with room in the page, an update leaves the indexes alone.
ALTER TABLE usage_bucket SET (fillfactor = 70);
ALTER TABLE usage_bucket
    ALTER COLUMN quantity_max DROP NOT NULL,
    ALTER COLUMN quantity_last DROP NOT NULL,
    ALTER COLUMN last_at DROP NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS usage_bucket_grain_unique ON usage_bucket
    (contract_line_id, usage_date, metric_id, subject_id, end_user_id,
     usage_slot, dimension_key);
CREATE INDEX IF NOT EXISTS usage_bucket_subject_index ON usage_bucket
    (subject_id, metric_id, usage_date);
-- Analysis asks for the last days; sums lie about in the order of their days.
CREATE INDEX IF NOT EXISTS usage_bucket_day_index ON usage_bucket USING brin (usage_date);
-- Whether a contact may go is asked for each contact that is deleted or merged.
CREATE INDEX IF NOT EXISTS usage_bucket_end_user_index ON usage_bucket (end_user_id) WHERE end_user_id <> 0;
"""

# Of a source whose ids were remembered in another form, each would be news.
KEEP_KEY_FORM = """
CREATE OR REPLACE FUNCTION usage_source_keeps_key_form() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION 'How the external ids of a source are remembered never changes.'
        USING ERRCODE = 'restrict_violation';
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_source_keeps_key_form ON usage_source;
CREATE TRIGGER usage_source_keeps_key_form BEFORE UPDATE ON usage_source
    FOR EACH ROW WHEN (OLD.key_form <> NEW.key_form) EXECUTE FUNCTION usage_source_keeps_key_form();
"""

# Facts are added, never rewritten: retention works by detaching partitions,
# after which their rows are out of reach of this trigger.
REFUSE = """
CREATE OR REPLACE FUNCTION usage_refuse_rewrite() RETURNS trigger AS $$
BEGIN
    RAISE EXCEPTION
        'Usage facts are append-only: % on % is refused.',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$ LANGUAGE plpgsql;
"""


def create_event_store(cr):
    """Create the event and key tables, their triggers and the partitions around today."""
    cr.execute(EVENT_TABLE)
    cr.execute(KEY_TABLE)
    for table in ("usage_event", "usage_event_key"):
        refuse_rewrite(cr, table)
    cr.execute("SELECT CURRENT_DATE")
    today = cr.fetchone()[0]
    first = today - relativedelta(months=PARTITION_MONTHS_BACK)
    ensure_partitions(cr, months_between(first, today + relativedelta(months=PARTITION_MONTHS_AHEAD)))


def create_bucket_store(cr):
    """Create the bucket table."""
    cr.execute(BUCKET_TABLE)


def keep_key_form(cr):
    """Let no source change how its external ids are remembered."""
    cr.execute(KEEP_KEY_FORM)


def refuse_rewrite(cr, table):
    """Make a table append-only: its rows never change or go, and it is never emptied."""
    refuse_truncate(cr, table)
    name, table = SQL.identifier(f"{table}_append_only"), SQL.identifier(table)
    cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", name, table))
    cr.execute(
        SQL(
            "CREATE TRIGGER %s BEFORE UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION usage_refuse_rewrite()",
            name,
            table,
        )
    )


def refuse_truncate(cr, table):
    """Keep a table of facts from being emptied at once; triggers on its rows do not see that."""
    name, table = SQL.identifier(f"{table}_no_truncate"), SQL.identifier(table)
    cr.execute(REFUSE)
    cr.execute(SQL("DROP TRIGGER IF EXISTS %s ON %s", name, table))
    cr.execute(
        SQL(
            "CREATE TRIGGER %s BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION usage_refuse_rewrite()",
            name,
            table,
        )
    )


def drop_store(cr):
    """Drop the tables that the ORM does not own, and what guards facts (uninstall)."""
    cr.execute(
        "SELECT DISTINCT p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
        " JOIN pg_class c ON c.oid = t.tgrelid"
        " WHERE NOT t.tgisinternal AND c.relname LIKE 'usage\\_%' AND p.proname LIKE 'usage\\_%'"
    )
    for (name,) in cr.fetchall():
        cr.execute(SQL("DROP FUNCTION %s() CASCADE", SQL.identifier(name)))
    cr.execute(
        "DROP TABLE IF EXISTS usage_event, usage_event_key, usage_bucket CASCADE;"
        "DROP TABLE IF EXISTS usage_retired_day, usage_retired_batch;"
        "DROP SEQUENCE IF EXISTS usage_event_id_seq;"
    )


def months_between(first, last):
    """The months (2026-01) from the day `first` to the day `last`."""
    months, month = [], first.replace(day=1)
    while month <= last:
        months.append(f"{month:%Y-%m}")
        month += relativedelta(months=1)
    return months


def ensure_partitions(cr, months):
    """Create the partitions of `months` (2026-01).

    CREATE TABLE ... PARTITION OF takes an exclusive lock on the parent, so the
    ones that exist already are looked up first and nothing is locked for them.
    """
    _create_partitions(cr, {name: month for name, (month, there) in _partitions(cr, months).items() if not there})


#: Whether this transaction has read or written events.
AMONG_EVENTS = """
SELECT EXISTS (SELECT FROM pg_locks
                WHERE pid = pg_backend_pid() AND locktype = 'relation' AND relation = 'usage_event'::regclass)
"""


def hold_partitions(cr, months):
    """Create the partitions of `months`, and keep all of them in place until the transaction ends.

    Retirement locks a month and then the parent. So are they locked here: whoever waits for a month that is being
    retired has locked nothing that retirement waits for, and finds it gone. Who touched the events before must not
    wait, and gives way.
    """
    cr.execute(AMONG_EVENTS)
    (is_among_events,) = cr.fetchone()
    found = _partitions(cr, months)
    there = [SQL.identifier(name) for name in sorted(found) if found[name][1]]
    if there:
        try:
            lock = SQL(
                "LOCK TABLE %s IN ROW EXCLUSIVE MODE %s",
                SQL(", ").join(there),
                SQL("NOWAIT") if is_among_events else SQL(),
            )
            cr.execute(lock, log_exceptions=False)
        except psycopg2.errors.UndefinedTable as gone:
            raise ConcurrencyError("a month of events was retired by a concurrent transaction") from gone
    _create_partitions(cr, {name: month for name, (month, is_there) in found.items() if not is_there})


def _partitions(cr, months):
    """{name of the partition: (month, whether it is there)}."""
    names = {f"usage_event_{month.replace('-', '')}": month for month in sorted(months)}
    cr.execute("SELECT name, to_regclass(name) IS NOT NULL FROM unnest(%s::text[]) AS name", (list(names),))
    return {name: (names[name], there) for name, there in cr.fetchall()}


def _create_partitions(cr, missing):
    for name, month in missing.items():
        first = date.fromisoformat(f"{month}-01")
        _create_partition(cr, name, first, first + relativedelta(months=1))


def _create_partition(cr, name, month, following):
    """Create a month's partition, or find that somebody else just did."""
    statement = SQL(
        "CREATE TABLE IF NOT EXISTS %s PARTITION OF usage_event FOR VALUES FROM (%s) TO (%s)",
        SQL.identifier(name),
        month.isoformat(),
        following.isoformat(),
    )
    try:
        with cr.savepoint(flush=False):
            cr.execute(statement)
    except (psycopg2.errors.DuplicateTable, psycopg2.errors.UniqueViolation):
        # Two writers met the first usage of a month: the other one's partition serves both.
        _logger.info("partition %s was made by another transaction", name)
