"""Which shipped profile reads a file: the one that leaves nothing to a person."""

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, deadline
from test_parsing_shipped import SHIPPED, profile
from usage_parsing.known import best, readings

NAMES = sorted(path.stem for path in SHIPPED.glob("*.json"))
FLEET = (
    "<Fleet><Equipment><EquipmentHeader><SerialNumber>1</SerialNumber></EquipmentHeader><CumulativeOperatingHours "
    'datetime="2025-03-01T00:00:00Z"><Hour>5</Hour></CumulativeOperatingHours></Equipment></Fleet>'
)
USED = "Report Refresh Date,User Principal Name,Used Web,Used iOS,Report Period\n2025-03-01,a@x,Yes,No,7\n"
KINDS = {
    "call_records": "From,To,Datetime,Duration(seconds),Cell Tower\n1,2,20060601 0008,30,7\n",
    "printer_counters": "Serial Number;Reading Date;Total Pages\nA;2025-03-31;1200\n",
    "m365_teams_devices": USED,
    "fleet_snapshot": FLEET,
    "": "Belegnr;Kostenstelle;Menge\n1;4711;5\n",
}


@pytest.mark.parametrize("name", KINDS)
def test_the_profile_that_reads_a_file_is_found(name):
    content = KINDS[name].encode()
    names = [column["name"] for column in up.sniff(content, LIMITS, deadline()).columns]
    profiles = [(each, profile(each)) for each in NAMES]
    found = readings(content, names, profiles, LIMITS, deadline(), {"received_at": "1735689600"})
    assert [reading.key for reading in (best(found))] == ([name] if name else [])
