"""Branches read with the profiles of their parent. Odoo does not update rules: people may change them."""

RULES = ["usage_profile_company_rule", "usage_profile_column_company_rule"]


def migrate(cr, version):
    """Let rules that nobody changed reach up to the parent, for reading alone."""
    cr.execute(
        """
        UPDATE ir_rule r
           SET domain_force = replace(r.domain_force, 'company_id'', ''in'', company_ids',
                                      'company_id'', ''parent_of'', company_ids'),
               perm_write = FALSE, perm_create = FALSE, perm_unlink = FALSE
          FROM ir_model_data d
         WHERE d.model = 'ir.rule' AND d.res_id = r.id AND d.module = 'odoo_usage_mediation' AND d.name = ANY(%s)
           AND r.domain_force IN (
               '[''|'', (''company_id'', ''='', False), (''company_id'', ''in'', company_ids)]',
               '[''|'', (''profile_id.company_id'', ''='', False), (''profile_id.company_id'', ''in'', company_ids)]')
        """,
        (RULES,),
    )
