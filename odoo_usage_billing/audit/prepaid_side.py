"""Prepaid money: figures are the sum of movements, the liability in the ledger is what the movements say."""

PREPAID_GRANTS = """
    SELECT (g.amount_granted, g.amount_drawn, g.amount_expired, g.amount_remaining, g.amount_liability,
            g.amount_company)
           IS DISTINCT FROM (m.granted, m.drawn, m.expired, m.remaining, m.liability, m.company)
           OR g.amount_granted <> g.amount_drawn + g.amount_expired + g.amount_remaining
           OR g.amount_remaining < 0 AS broken,
           g.id AS "grant", g.balance_id AS balance, m.granted, m.drawn, m.expired, g.amount_remaining AS "left",
           m.remaining AS left_by_movements
      FROM usage_prepaid_grant g
     CROSS JOIN LATERAL (
            SELECT COALESCE(SUM(amount) FILTER (WHERE kind IN ('grant', 'correction')), 0) AS granted,
                   COALESCE(-SUM(amount) FILTER (WHERE kind IN ('draw', 'give_back')), 0) AS drawn,
                   COALESCE(-SUM(amount) FILTER (WHERE kind = 'expiry'), 0) AS expired,
                   COALESCE(SUM(amount), 0) AS remaining, COALESCE(SUM(amount_liability), 0) AS liability,
                   COALESCE(SUM(amount_company), 0) AS company
              FROM usage_prepaid_move WHERE grant_id = g.id) m
     WHERE g.company_id = ANY(%(companies)s)
"""
PREPAID_BALANCES = """
    SELECT b.amount IS DISTINCT FROM COALESCE(g.amount, 0) OR b.amount < 0 AS broken,
           b.id AS balance, b.amount, COALESCE(g.amount, 0) AS grants
      FROM usage_prepaid_balance b
      LEFT JOIN (SELECT balance_id, SUM(amount_remaining) AS amount FROM usage_prepaid_grant GROUP BY 1) g
        ON g.balance_id = b.id
     WHERE b.company_id = ANY(%(companies)s)
"""
# Draws of drafts are not in the ledger yet, nor is what was given back of them.
PREPAID_LEDGER = """
    WITH accounts AS (SELECT DISTINCT company_id, account_id FROM usage_prepaid_balance
                       WHERE company_id = ANY(%(companies)s)),
    moved AS (
        SELECT b.company_id, b.account_id, m.currency_id, SUM(m.amount_liability) AS owed,
               SUM(m.amount_company) AS company
          FROM usage_prepaid_move m
          JOIN usage_prepaid_balance b ON b.id = m.balance_id
          JOIN account_move e ON e.id = m.move_id AND e.state = 'posted'
         WHERE b.company_id = ANY(%(companies)s)
         GROUP BY 1, 2, 3
    ),
    ledger AS (
        SELECT l.company_id, l.account_id, l.currency_id, -SUM(l.amount_currency) AS owed, -SUM(l.balance) AS company
          FROM account_move_line l JOIN accounts a ON (a.company_id, a.account_id) = (l.company_id, l.account_id)
         WHERE l.parent_state = 'posted'
         GROUP BY 1, 2, 3
    )
    SELECT (COALESCE(m.owed, 0), COALESCE(m.company, 0)) IS DISTINCT FROM (COALESCE(l.owed, 0), COALESCE(l.company, 0))
               AS broken,
           company_id AS company, account_id AS account, currency_id AS currency, COALESCE(m.owed, 0) AS movements,
           COALESCE(l.owed, 0) AS ledger, COALESCE(m.company, 0) AS movements_in_company_currency,
           COALESCE(l.company, 0) AS ledger_in_company_currency
      FROM moved m FULL JOIN ledger l USING (company_id, account_id, currency_id)
"""
# A credit note's line gives back; a draft of one has not yet. Taxes that are included in prices may move a cent
# between the lines of a draft; posting draws it.
PREPAID_LINES = """
    SELECT CASE WHEN i.state = 'draft' THEN ABS(l.amount_currency + COALESCE(p.amount, 0)) > 0.05
                ELSE -l.amount_currency IS DISTINCT FROM COALESCE(p.amount, 0) END AS broken,
           l.id AS invoice_line, i.name AS invoice, -l.amount_currency AS on_invoice, COALESCE(p.amount, 0) AS movements
      FROM account_move_line l
      JOIN account_move i ON i.id = l.move_id
      LEFT JOIN (SELECT move_line_id, SUM(amount) AS amount FROM usage_prepaid_move GROUP BY 1) p
        ON p.move_line_id = l.id
     WHERE l.usage_prepaid_balance_id IS NOT NULL AND l.company_id = ANY(%(companies)s)
       AND (i.state = 'posted' OR (i.state = 'draft' AND i.move_type = 'out_invoice'))
"""
PREPAID_RECOGNISED = """
    SELECT g.amount_recognised > b.amount OR g.amount_recognised <> COALESCE(r.amount, 0)
           OR (g.recognition = 'days' AND g.amount_recognised < 0) AS broken,
           g.id AS "grant", b.amount AS billed, g.amount_recognised AS recognised, COALESCE(r.amount, 0) AS posted
      FROM usage_prepaid_grant g
     CROSS JOIN LATERAL (SELECT COALESCE(SUM(amount_liability) FILTER (WHERE kind = 'grant'), 0) AS amount
                           FROM usage_prepaid_move WHERE grant_id = g.id) b
      LEFT JOIN LATERAL (SELECT SUM(l.amount) AS amount
                           FROM usage_recognition_line l JOIN usage_recognition d ON d.id = l.recognition_id
                          WHERE d.state = 'posted' AND l.grant_id = g.id) r ON true
     WHERE g.kind = 'bought' AND g.company_id = ANY(%(companies)s)
"""
