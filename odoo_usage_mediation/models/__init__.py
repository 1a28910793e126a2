from . import (
    res_company,
    usage_batch,
    usage_profile,
    usage_profile_column,
    usage_source,
    usage_suspense,
)
