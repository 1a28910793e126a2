from . import (
    test_consumption,
    test_portal_access,
    test_portal_pages,
    test_reports,
    test_sheet,
    test_tour,
)
