"""From charges to invoices: every amount is the sum of its parts and stands on one invoice line, once."""

COMPONENTS = """
    SELECT c.amount IS DISTINCT FROM COALESCE(SUM(p.amount), 0) AS broken,
           c.id AS charge, c.amount, COALESCE(SUM(p.amount), 0) AS components
      FROM usage_charge c
      LEFT JOIN usage_charge_component p ON p.charge_id = c.id AND p.kind <> 'information'
     WHERE c.company_id = ANY(%(companies)s)
     GROUP BY c.id
"""
# With taxes included in prices the component is what the line multiplies to, and its total to a cent: rounded over all
# lines, one line may be a cent beside. A credit note shows it with the sign turned round.
INVOICE_LINES = """
    SELECT l.id IS NULL OR l.usage_component_id IS DISTINCT FROM p.id OR l.move_id IS DISTINCT FROM b.move_id
           OR NOT (l.price_subtotal = p.amount * s.sign OR (
                   l.price_subtotal <> l.price_total AND ABS(l.price_total - p.amount * s.sign) <= r.rounding AND
                   ROUND((l.quantity * l.price_unit * (100 - COALESCE(l.discount, 0)) / 100)::numeric, 6)
                   = p.amount * s.sign)) AS broken,
           p.id AS component, c.id AS charge, p.amount * s.sign AS amount, l.id AS invoice_line,
           l.price_subtotal AS on_invoice, b.move_id AS invoice
      FROM usage_charge c
      JOIN usage_billing_period b ON b.id = c.period_id
      JOIN usage_charge_component p ON p.charge_id = c.id AND p.kind <> 'information'
      LEFT JOIN account_move_line l ON l.id = p.move_line_id
      LEFT JOIN res_currency r ON r.id = l.currency_id
      LEFT JOIN account_move m ON m.id = b.move_id
     CROSS JOIN LATERAL (SELECT CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS sign) s
     WHERE c.state = 'invoiced' AND c.company_id = ANY(%(companies)s)
"""
# An adjustment's components are billed once, on the invoice that the adjustment names.
ADJUSTMENT_LINES = """
    SELECT a.amount_now IS DISTINCT FROM a.amount_before + a.amount OR a.amount IS DISTINCT FROM t.amount
           OR (a.state = 'invoiced' AND EXISTS (
                SELECT FROM usage_adjustment_component p
                  LEFT JOIN account_move_line l ON l.id = p.move_line_id
                  LEFT JOIN res_currency r ON r.id = l.currency_id
                 WHERE p.adjustment_id = a.id AND p.kind <> 'information' AND p.amount <> 0
                   AND (l.id IS NULL OR l.move_id <> a.move_id OR l.usage_adjustment_component_id IS DISTINCT FROM p.id
                        OR NOT (l.price_subtotal = p.amount * s.sign OR (
                           l.price_subtotal <> l.price_total
                           AND ABS(l.price_total - p.amount * s.sign) <= r.rounding
                           AND ROUND((l.quantity * l.price_unit * (100 - COALESCE(l.discount, 0)) / 100)::numeric, 6)
                           = p.amount * s.sign))))) AS broken,
           a.id AS adjustment, a.charge_id AS charge, a.amount, t.amount AS components, a.move_id AS invoice
      FROM usage_adjustment a
      LEFT JOIN account_move m ON m.id = a.move_id
     CROSS JOIN LATERAL (SELECT CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS sign) s
     CROSS JOIN LATERAL (SELECT COALESCE(SUM(p.amount), 0) AS amount FROM usage_adjustment_component p
                          WHERE p.adjustment_id = a.id AND p.kind <> 'information') t
     WHERE a.company_id = ANY(%(companies)s)
"""
CHARGED_ONCE = """
    WITH taken AS (
        SELECT 'charge' AS what, id, contract_line_id, date_start, date_end
          FROM usage_charge
         WHERE state <> 'released' AND commitment_id IS NULL AND company_id = ANY(%(companies)s)
         UNION ALL
        SELECT 'period', id, contract_line_id, date_start, date_end
          FROM usage_billing_period WHERE state <> 'released' AND company_id = ANY(%(companies)s)
    )
    SELECT COALESCE(date_end > LEAD(date_start) OVER line, false) AS broken,
           what, id, contract_line_id AS contract_line, date_start AS first_day, date_end AS end_day,
           LEAD(date_start) OVER line AS next_begins
      FROM taken WINDOW line AS (PARTITION BY what, contract_line_id ORDER BY date_start, id)
"""
# A credit note's figures have the sign turned round. Invoices with taxes included in the prices of usage are left to
# the lines, which round one by one.
INVOICE_TOTALS = """
    WITH charged AS (
        SELECT b.move_id, SUM(c.amount) AS amount
          FROM usage_charge c JOIN usage_billing_period b ON b.id = c.period_id
         WHERE c.state = 'invoiced' AND b.move_id IS NOT NULL AND c.company_id = ANY(%(companies)s)
         GROUP BY 1
    ),
    shown AS (
        SELECT l.move_id, SUM(l.amount_currency) FILTER (WHERE l.usage_component_id IS NULL) AS others,
               COALESCE(bool_or(ABS(l.price_subtotal) <> ABS(p.amount) AND l.price_subtotal <> l.price_total
                                AND ABS(ABS(l.price_total) - ABS(p.amount)) <= r.rounding), false) AS included
          FROM charged c
          JOIN account_move_line l ON l.move_id = c.move_id
          LEFT JOIN usage_charge_component p ON p.id = l.usage_component_id
          LEFT JOIN res_currency r ON r.id = l.currency_id
         WHERE l.display_type IN ('product', 'rounding', 'non_deductible_product', 'non_deductible_product_total')
           AND (l.display_type <> 'rounding' OR l.tax_repartition_line_id IS NULL)
         GROUP BY 1
    )
    SELECT COALESCE(m.amount_untaxed, 0) IS DISTINCT FROM s.sign * (c.amount - COALESCE(h.others, 0)) AS broken,
           m.id AS invoice, m.name, m.amount_untaxed AS untaxed, s.sign * c.amount AS charges,
           -s.sign * COALESCE(h.others, 0) AS others
      FROM charged c
      JOIN account_move m ON m.id = c.move_id
     CROSS JOIN LATERAL (SELECT CASE m.move_type WHEN 'out_refund' THEN -1 ELSE 1 END AS sign) s
      LEFT JOIN shown h ON h.move_id = c.move_id
     WHERE m.state <> 'cancel' AND NOT COALESCE(h.included, false)
"""
