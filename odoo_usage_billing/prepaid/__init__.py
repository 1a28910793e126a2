from .drawdown import Bill, Purse, allocate
from .worth import by_days, company_share, expected_breakage
