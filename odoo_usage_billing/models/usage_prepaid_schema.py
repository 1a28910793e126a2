"""What PostgreSQL keeps of prepaid money: movements are facts, and every figure of a grant is their sum."""

MOVE_FACT = """
CREATE OR REPLACE FUNCTION usage_prepaid_move_is_fact() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (
        NEW.grant_id, NEW.balance_id, NEW.company_id, NEW.currency_id, NEW.kind, NEW.date, NEW.amount,
        NEW.amount_liability, NEW.amount_company, NEW.reverses_id, NEW.draw_id, NEW.reason)
        IS DISTINCT FROM (
        OLD.grant_id, OLD.balance_id, OLD.company_id, OLD.currency_id, OLD.kind, OLD.date, OLD.amount,
        OLD.amount_liability, OLD.amount_company, OLD.reverses_id, OLD.draw_id, OLD.reason)
        -- A draft that is deleted takes its name with it, nothing else does.
        OR (NEW.move_id IS DISTINCT FROM OLD.move_id
            AND (NEW.move_id IS NOT NULL OR EXISTS (SELECT FROM account_move WHERE id = OLD.move_id)))
        OR (NEW.move_line_id IS DISTINCT FROM OLD.move_line_id
            AND (NEW.move_line_id IS NOT NULL OR EXISTS (SELECT FROM account_move_line WHERE id = OLD.move_line_id)))
    THEN RAISE EXCEPTION 'A movement of prepaid money is a fact: % is refused. Add another one instead.',
        TG_OP USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_prepaid_move_fact ON usage_prepaid_move;
CREATE TRIGGER usage_prepaid_move_fact BEFORE UPDATE OR DELETE ON usage_prepaid_move
    FOR EACH ROW EXECUTE FUNCTION usage_prepaid_move_is_fact();
"""
MOVE_COUNTS = """
CREATE OR REPLACE FUNCTION usage_prepaid_move_counts() RETURNS trigger AS $$
BEGIN
    UPDATE usage_prepaid_grant SET
        amount_granted = amount_granted + CASE WHEN NEW.kind IN ('grant', 'correction') THEN NEW.amount ELSE 0 END,
        amount_drawn = amount_drawn - CASE WHEN NEW.kind IN ('draw', 'give_back') THEN NEW.amount ELSE 0 END,
        amount_expired = amount_expired - CASE WHEN NEW.kind = 'expiry' THEN NEW.amount ELSE 0 END,
        amount_remaining = amount_remaining + NEW.amount,
        amount_recognised = amount_recognised
            - CASE WHEN NEW.kind IN ('recognition', 'expiry') THEN NEW.amount_liability ELSE 0 END,
        amount_liability = amount_liability + NEW.amount_liability,
        amount_company = amount_company + NEW.amount_company
     WHERE id = NEW.grant_id AND balance_id = NEW.balance_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'The grant of this movement belongs to another balance.' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE usage_prepaid_balance SET amount = amount + NEW.amount WHERE id = NEW.balance_id;
    IF NEW.draw_id IS NOT NULL AND EXISTS (
        SELECT FROM usage_prepaid_move d
         WHERE d.id = NEW.draw_id AND -d.amount < (
            SELECT SUM(g.amount) FROM usage_prepaid_move g WHERE g.draw_id = d.id))
    THEN
        RAISE EXCEPTION 'More is given back than was drawn.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_prepaid_move_counted ON usage_prepaid_move;
CREATE TRIGGER usage_prepaid_move_counted AFTER INSERT ON usage_prepaid_move
    FOR EACH ROW EXECUTE FUNCTION usage_prepaid_move_counts();
"""
GRANT_FIGURES = """
CREATE OR REPLACE FUNCTION usage_prepaid_grant_figures() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.amount_granted := 0; NEW.amount_drawn := 0; NEW.amount_expired := 0; NEW.amount_remaining := 0;
        NEW.amount_recognised := 0; NEW.amount_liability := 0; NEW.amount_company := 0;
    ELSIF pg_trigger_depth() = 1 AND (
        NEW.amount_granted, NEW.amount_drawn, NEW.amount_expired, NEW.amount_remaining, NEW.amount_recognised,
        NEW.amount_liability, NEW.amount_company, NEW.balance_id, NEW.kind, NEW.recognition) IS DISTINCT FROM (
        OLD.amount_granted, OLD.amount_drawn, OLD.amount_expired, OLD.amount_remaining, OLD.amount_recognised,
        OLD.amount_liability, OLD.amount_company, OLD.balance_id, OLD.kind, OLD.recognition)
    THEN RAISE EXCEPTION 'The figures of a grant are the sum of its movements: add a movement instead.'
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_prepaid_grant_kept ON usage_prepaid_grant;
CREATE TRIGGER usage_prepaid_grant_kept BEFORE INSERT OR UPDATE ON usage_prepaid_grant
    FOR EACH ROW EXECUTE FUNCTION usage_prepaid_grant_figures();
"""
BALANCE_FIGURES = """
CREATE OR REPLACE FUNCTION usage_prepaid_balance_figures() RETURNS trigger AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.amount := 0;
    ELSIF pg_trigger_depth() = 1 AND NEW.amount IS DISTINCT FROM OLD.amount
    THEN RAISE EXCEPTION 'A prepaid balance is the sum of its movements: add a movement instead.'
        USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
DROP TRIGGER IF EXISTS usage_prepaid_balance_kept ON usage_prepaid_balance;
CREATE TRIGGER usage_prepaid_balance_kept BEFORE INSERT OR UPDATE ON usage_prepaid_balance
    FOR EACH ROW EXECUTE FUNCTION usage_prepaid_balance_figures();
"""
