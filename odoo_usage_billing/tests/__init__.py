from . import (
    test_billing_run,
    test_main_job,
    test_period_guard,
    test_rate_card,
    test_security_matrix,
    test_writer,
)
