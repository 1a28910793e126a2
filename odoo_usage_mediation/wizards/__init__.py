from . import (
    usage_ingestion_key_wizard,
    usage_profile_import,
    usage_profile_wizard,
    usage_profile_wizard_column,
    usage_reading_withdraw,
    usage_reading_withdraw_line,
    usage_template,
    usage_upload,
    usage_upload_row,
    usage_upload_total,
)
