from . import (
    test_consumption,
    test_portal_access,
    test_portal_pages,
    test_portal_prepaid,
    test_reports,
    test_sheet,
    test_tour,
)
