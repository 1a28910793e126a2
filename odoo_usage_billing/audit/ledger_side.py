"""The ledger: accruals are gone on the next day, and usage revenue is what charges and accruals say."""

ACCRUALS_REVERSED = """
    WITH left_over AS (
        SELECT a.id, l.account_id, SUM(l.balance) AS balance, SUM(l.amount_currency) AS foreign_amount
          FROM usage_accrual a JOIN account_move_line l ON l.move_id IN (a.move_id, a.reversal_move_id)
         WHERE a.state = 'posted' AND a.company_id = ANY(%(companies)s)
         GROUP BY a.id, l.account_id, l.currency_id
        HAVING SUM(l.balance) <> 0 OR SUM(l.amount_currency) <> 0
    )
    SELECT m.state <> 'posted' OR r.state <> 'posted' OR m.date <> a.date OR r.date <> a.date + 1
           OR EXISTS (SELECT FROM left_over o WHERE o.id = a.id) AS broken,
           a.id AS accrual, a.date, m.date AS entry_date, r.date AS reversal_date,
           (SELECT SUM(ABS(o.balance)) FROM left_over o WHERE o.id = a.id) AS left_over
      FROM usage_accrual a
      JOIN account_move m ON m.id = a.move_id
      JOIN account_move r ON r.id = a.reversal_move_id
     WHERE a.state = 'posted' AND a.company_id = ANY(%(companies)s)
"""
ACCRUAL_ENTRIES = """
    WITH said AS (
        SELECT a.id, COALESCE(l.liability_account_id, a.account_id) AS account_id, SUM(l.amount_company) AS amount
          FROM usage_accrual a JOIN usage_accrual_line l ON l.accrual_id = a.id
         WHERE a.state = 'posted' AND a.company_id = ANY(%(companies)s)
         GROUP BY 1, 2
    ),
    booked AS (
        SELECT a.id, i.account_id, SUM(i.balance) AS amount
          FROM usage_accrual a JOIN account_move_line i ON i.move_id = a.move_id
         WHERE a.state = 'posted' AND a.company_id = ANY(%(companies)s)
           AND (i.account_id = a.account_id
                OR i.account_id IN (SELECT liability_account_id FROM usage_accrual_line WHERE accrual_id = a.id))
         GROUP BY 1, 2
    )
    SELECT COALESCE(s.amount, 0) IS DISTINCT FROM COALESCE(b.amount, 0) AS broken,
           id AS accrual, account_id AS account, COALESCE(s.amount, 0) AS lines, COALESCE(b.amount, 0) AS entry
      FROM said s FULL JOIN booked b USING (id, account_id)
"""
# Per company and currency. Where taxes are included in prices, the line's share without them is the revenue.
USAGE_LEDGER = """
    WITH ledger AS (
        SELECT company_id, currency_id, SUM(amount_currency) AS booked
          FROM account_move_line
         WHERE parent_state = 'posted' AND company_id = ANY(%(companies)s) AND usage_component_id IS NOT NULL
         GROUP BY 1, 2
    ),
    accrued AS (
        SELECT a.company_id, l.currency_id, SUM(l.amount_currency) AS booked
          FROM usage_accrual a
          JOIN account_move_line l ON l.move_id IN (a.move_id, a.reversal_move_id) AND l.account_id <> a.account_id
         WHERE a.state = 'posted' AND a.company_id = ANY(%(companies)s)
         GROUP BY 1, 2
    ),
    charged AS (
        SELECT c.company_id, c.currency_id,
               SUM(CASE WHEN ABS(l.price_subtotal) <> ABS(p.amount) AND l.price_subtotal <> l.price_total
                         AND ABS(ABS(l.price_total) - ABS(p.amount)) <= r.rounding
                        THEN -l.amount_currency ELSE p.amount END) AS amount
          FROM usage_charge c
          JOIN usage_billing_period b ON b.id = c.period_id
          JOIN account_move m ON m.id = b.move_id AND m.state = 'posted'
          JOIN usage_charge_component p ON p.charge_id = c.id AND p.kind <> 'information'
          LEFT JOIN account_move_line l ON l.id = p.move_line_id
          LEFT JOIN res_currency r ON r.id = l.currency_id
         WHERE c.state = 'invoiced' AND c.company_id = ANY(%(companies)s)
         GROUP BY 1, 2
    )
    SELECT COALESCE(l.booked, 0) + COALESCE(a.booked, 0) + COALESCE(c.amount, 0) <> 0 AS broken,
           company_id AS company, currency_id AS currency, -COALESCE(l.booked, 0) AS ledger,
           -COALESCE(a.booked, 0) AS accruals, COALESCE(c.amount, 0) AS charges
      FROM ledger l FULL JOIN accrued a USING (company_id, currency_id)
      FULL JOIN charged c USING (company_id, currency_id)
"""
