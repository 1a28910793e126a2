"""Branches read the metrics and rate cards of their parent. Odoo does not update rules: people may change them."""

RULES = tuple(
    f"usage_{name}_company_rule"
    for name in ("metric", "rate_card", "rate_card_version", "rate_card_tier", "rate_card_band", "rate_card_row")
)


def migrate(cr, version):
    """Let rules that nobody changed reach up to the parent, for reading alone."""
    cr.execute(
        """
        UPDATE ir_rule r
           SET domain_force = replace(r.domain_force, '''company_id'', ''in'', company_ids',
                                      '''company_id'', ''parent_of'', company_ids'),
               perm_write = FALSE, perm_create = FALSE, perm_unlink = FALSE
          FROM ir_model_data d
         WHERE d.model = 'ir.rule' AND d.res_id = r.id AND d.module = 'odoo_usage_billing' AND d.name = ANY(%s)
           AND r.domain_force IN ('[(''company_id'', ''in'', company_ids)]',
               '[''|'', (''company_id'', ''='', False), (''company_id'', ''in'', company_ids)]')
        """,
        (list(RULES),),
    )
