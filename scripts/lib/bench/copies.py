"""Many contracts copied from one by SQL, with customer, lines, followers, subjects, assignments and usage.

Ten thousand contracts of ten lines take the ORM half an hour; what a run reads of a contract is the same either way.
"""

from odoo.tools import SQL

#: In the order of their foreign keys: each table with the rows of it that belong to a contract.
TABLES = {
    "res_partner": "SELECT partner_id FROM contract_contract WHERE id = %s",
    "contract_contract": "SELECT %s",
    "contract_line": "SELECT id FROM contract_line WHERE contract_id = %s",
    "mail_followers": "SELECT id FROM mail_followers WHERE res_model = 'contract.contract' AND res_id = %s",
    "usage_subject": "SELECT subject_id FROM usage_assignment WHERE contract_id = %s",
    "usage_assignment": "SELECT id FROM usage_assignment WHERE contract_id = %s",
    "usage_bucket": "SELECT b.id FROM usage_bucket b JOIN contract_line l ON l.id = b.contract_line_id"
    " WHERE l.contract_id = %s",
}
#: Columns that lead to a copied row lead to its copy.
LEADING = {
    "partner_id": "res_partner",
    "commercial_partner_id": "res_partner",
    "invoice_partner_id": "res_partner",
    "contract_id": "contract_contract",
    "contract_line_id": "contract_line",
    "subject_id": "usage_subject",
    "res_id": "contract_contract",
}
FOLLOWED = """
INSERT INTO mail_followers_mail_message_subtype_rel (mail_followers_id, mail_message_subtype_id)
SELECT m.new, r.mail_message_subtype_id
  FROM bench_copy m JOIN mail_followers_mail_message_subtype_rel r ON r.mail_followers_id = m.old
 WHERE m.name = 'mail_followers'
"""
UNIQUE = ("code",)
NUMBERED = """
INSERT INTO bench_copy (name, old, copy, new)
SELECT %(name)s, o.id, c, nextval(pg_get_serial_sequence(%(name)s, 'id'))
  FROM generate_series(1, %(copies)s) AS c, (%(rows)s) AS o (id)
 ORDER BY c, o.id
"""
COLUMNS = """
SELECT attname FROM pg_attribute
 WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum
"""


def copies_of(env, contract, count):
    """Make `count` copies of a contract that was made by the ORM and has not been invoiced; return their ids."""
    cr = env.cr
    env.flush_all()
    cr.execute(
        "CREATE TEMP TABLE bench_copy (name text, old bigint, copy int, new bigint, PRIMARY KEY (name, old, copy))"
        " ON COMMIT DROP"
    )
    for name, rows in TABLES.items():
        cr.execute(SQL(NUMBERED, name=name, copies=count, rows=SQL(rows, contract.id)))
    cr.execute("ANALYZE bench_copy")
    for name in TABLES:
        _copy(cr, name)
    cr.execute(FOLLOWED)
    cr.execute("SELECT new FROM bench_copy WHERE name = 'contract_contract' ORDER BY new")
    ids = [id_ for (id_,) in cr.fetchall()]
    env.cr.commit()
    for name in TABLES:
        cr.execute(SQL("ANALYZE %s", SQL.identifier(name)))
    env.cr.commit()
    env.invalidate_all()
    return ids


def _copy(cr, name):
    cr.execute(COLUMNS, (name,))
    columns = [column for (column,) in cr.fetchall()]
    cr.execute(
        SQL(
            "INSERT INTO %(table)s (%(columns)s) SELECT %(values)s FROM bench_copy m JOIN %(table)s t ON t.id = m.old"
            " WHERE m.name = %(name)s ORDER BY m.new",
            table=SQL.identifier(name),
            columns=SQL(", ").join(map(SQL.identifier, columns)),
            values=SQL(", ").join(_value(column) for column in columns),
            name=name,
        )
    )


def _value(column):
    value = SQL.identifier("t", column)
    if column == "id":
        return SQL("m.new")
    if column in LEADING:
        found = SQL(
            "(SELECT r.new FROM bench_copy r WHERE r.name = %s AND r.old = %s AND r.copy = m.copy)",
            LEADING[column],
            value,
        )
        return SQL("COALESCE(%s, %s)", found, value)
    return SQL("%s || '-' || m.copy", value) if column in UNIQUE else value
