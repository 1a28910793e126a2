"""What a database is made of, as a set of lines that can be compared: of rows our rules alone, nothing about order."""

import subprocess

#: Partitions of the event table depend on the day they were made.
QUERIES = (
    """
    SELECT format('column %s.%s %s%s default %s', table_name, column_name, udt_name,
                  CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END, column_default)
      FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name !~ '^usage_event_[0-9]{6}$'
    """,
    r"""
    SELECT format('index %s', replace(indexdef, '"', '')) FROM pg_indexes
     WHERE schemaname = 'public' AND tablename !~ '^usage_event_[0-9]{6}$'
    """,
    """
    SELECT format('constraint %s on %s: %s', conname, conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint
     WHERE connamespace = 'public'::regnamespace AND conrelid::regclass::text !~ '^usage_event_[0-9]{6}$'
    """,
    """
    SELECT format('trigger on %s: %s', tgrelid::regclass, pg_get_triggerdef(oid)) FROM pg_trigger
     WHERE NOT tgisinternal AND tgrelid::regclass::text !~ '^usage_event_[0-9]{6}$'
    """,
    """
    SELECT format('function %s: %s', oid::regprocedure, md5(prosrc)) FROM pg_proc
     WHERE pronamespace = 'public'::regnamespace AND proname LIKE '%usage%'
    """,
    """
    SELECT format('rule %s: %s read %s write %s create %s unlink %s', d.name, r.domain_force, r.perm_read, r.perm_write,
                  r.perm_create, r.perm_unlink)
      FROM ir_rule r JOIN ir_model_data d ON d.model = 'ir.rule' AND d.res_id = r.id AND d.module LIKE 'odoo_usage%'
    """,
    "SELECT format('options %s: %s', relname, reloptions) FROM pg_class WHERE relname LIKE 'usage%'"
    " AND relkind = 'r' AND relname !~ '^usage_event_[0-9]{6}$'",
)


def schema(database):
    """Give the lines of a database's schema."""
    lines = set()
    for query in QUERIES:
        asked = subprocess.run(
            ["psql", "-X", "-A", "-t", "-d", database, "-c", " ".join(query.split())],
            capture_output=True,
            text=True,
            check=True,
        )
        lines |= set(asked.stdout.splitlines())
    return lines
