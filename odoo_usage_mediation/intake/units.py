"""The units of metrics, as producers name them."""

UNITS = """
SELECT m.code, u.name->>'en_US' FROM usage_metric m LEFT JOIN uom_uom u ON u.id = m.uom_id
 CROSS JOIN (SELECT string_to_array(parent_path, '/') AS companies FROM res_company WHERE id = %s) c
 WHERE m.active AND (m.company_id IS NULL OR m.company_id::text = ANY(c.companies))
 ORDER BY array_position(c.companies, m.company_id::text) NULLS FIRST, m.id
"""


def units_of(env, company_id):
    """{code: name of the unit} of the metrics that a company may send; its own before its parents' and shared ones."""
    env["usage.metric"].flush_model()
    env["uom.uom"].flush_model()
    env.cr.execute(UNITS, (company_id,))
    return dict(env.cr.fetchall())
