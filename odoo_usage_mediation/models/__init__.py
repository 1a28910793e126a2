from . import (
    ir_attachment,
    res_company,
    usage_batch,
    usage_profile,
    usage_profile_column,
    usage_source,
    usage_suspense,
)
