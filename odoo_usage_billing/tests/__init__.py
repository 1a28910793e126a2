from . import (
    test_aggregations,
    test_asset_count,
    test_billing_run,
    test_main_job,
    test_period_guard,
    test_rate_card,
    test_rating_terms,
    test_commitments,
    test_charge_models,
    test_security_matrix,
    test_writer,
)
