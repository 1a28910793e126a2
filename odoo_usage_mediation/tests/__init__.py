from . import (
    test_attachment,
    test_download,
    test_main_job_browser,
    test_profile,
    test_profile_wizard,
    test_reasons,
    test_security,
    test_template,
    test_upload,
    test_upload_csv,
    test_upload_refused,
    test_upload_volume,
)
