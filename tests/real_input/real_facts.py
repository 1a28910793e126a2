"""What is in the public files, read with `csv`, `json` and `lxml` alone: one fact per quantity.

Nothing here is the product's. A fact is (subject, metric, quantity); the quantity is LEFT_OUT or REFUSED where the
profile's description says so. A fact without a subject is a row refused or left out as a whole.
"""

import csv
import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from lxml import etree

LEFT_OUT, REFUSED = "left out", "refused"
COLUMNS = json.loads((Path(__file__).parent / "m365_columns.json").read_text(encoding="utf-8"))
ZERO_ID = "00000000-0000-0000-0000-000000000000"
#: Which reports are about one user, site or group; all others are totals of the tenant.
M365_DETAIL = {
    "entra__m365group-report-activitydetail": "groups",
    "onedrive__report-activityuserdetail": "onedrive_activity",
    "onedrive__report-usageaccountdetail": "onedrive_storage",
    "outlook__report-mailactivityuserdetail": "mail_activity",
    "outlook__report-mailappusageuserdetail": "mail_apps",
    "outlook__report-mailboxusagedetail": "mailboxes",
    "spo__report-activityuserdetail": "sharepoint_activity",
    "spo__report-siteusagedetail": "sharepoint_storage",
    "teams__report-deviceusageuserdetail": "teams_devices",
    "teams__report-directroutingcalls": "calls",
    "teams__report-pstncalls": "calls",
    "teams__report-useractivityuserdetail": "teams_activity",
    "tenant__report-activeuserdetail": "licenses",
    "tenant__report-office365activationsuserdetail": "activations",
    "viva__engage-report-activityuserdetail": "yammer_activity",
    "viva__engage-report-deviceusageuserdetail": "yammer_devices",
    "viva__engage-report-groupsactivitydetail": "groups",
}
M365_SUBJECTS = {
    "totals": (),
    "calls": ("callerNumber",),
    "groups": ("Group Id", "Group Display Name"),
    "sharepoint_storage": ("Site Id", "Site URL"),
    "onedrive_storage": ("Owner Principal Name",),
}


def rows(path, **options):
    """The rows of a text with a header, as dictionaries of trimmed texts."""
    with open(path, encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream, **options):
            yield {name: (value or "").strip() for name, value in row.items() if name}


def focus(path):
    for row in rows(path):
        row = {name: "" if value == "NULL" else value for name, value in row.items()}
        subject = row["SubAccountId"] or row["BillingAccountId"]
        yield subject, "cloud_cost", Decimal(row["BilledCost"])
        used = row["ChargeCategory"] == "Usage" and row["ConsumedQuantity"]
        yield subject, "cloud_usage", Decimal(used) if used else LEFT_OUT


def aws(path):
    for row in rows(path):
        account, kind = row["lineItem/UsageAccountId"], row["lineItem/LineItemType"]
        if kind == "Tax":
            yield None, None, LEFT_OUT
            continue
        yield account, "aws_cost", Decimal(row["lineItem/UnblendedCost"])
        used = kind == "Usage" and row["lineItem/UsageAmount"]
        yield account, "aws_usage", Decimal(used) if used else LEFT_OUT


def tokens(path):
    for row in rows(path):
        yield "inference-endpoint", "tokens_in", Decimal(row["ContextTokens"])
        yield "inference-endpoint", "tokens_out", Decimal(row["GeneratedTokens"])


def calls(path):
    for row in rows(path):
        seconds = Decimal(row["Duration(seconds)"])
        yield row["From"], "call_seconds", seconds if seconds >= 0 else REFUSED


def switch_calls(path):
    for row in rows(path):
        yield row["caller_id_number"], "call_seconds", Decimal(row["billsec"])


def half_hours(path):
    for row in rows(path):
        yield row["LCLid"], "electricity", Decimal(row["KW"]) if row["KW"] != "Null" else REFUSED


def sessions(path):
    for row in rows(path):
        began, ended = (parsed_clock("20" + row[name][2:]) for name in ("created", "ended"))
        yield row["stationId"], "charging_energy", Decimal(row["kwhTotal"])
        yield row["stationId"], "charging_time", ended - began
        yield row["stationId"], "charging_sessions", Decimal(1)


def parsed_clock(text):
    """Seconds since 1970 of a time by New York's clock."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))
    return Decimal(int(moment.timestamp()))


def household(path):
    names = {"Sub_metering_1": "kitchen", "Sub_metering_2": "laundry", "Sub_metering_3": "heating"}
    names["Global_reactive_power"] = "reactive_power"
    for row in rows(path, delimiter=";"):
        for column, metric in names.items():
            yield "main-meter", metric, Decimal(row[column]) if row[column] not in ("", "?") else REFUSED


def leases(path):
    for row in rows(path):
        yield row["location"], "area", Decimal(row["sq_ft"])


def header_less(names, subject, seconds):
    """Facts of a switch's records without a header; a line of another width is refused."""

    def facts(path):
        with open(path, encoding="utf-8", newline="") as stream:
            for cells in csv.reader(stream, skipinitialspace=True):
                if len(cells) != len(names):
                    if cells:
                        yield None, None, REFUSED
                    continue
                row = dict(zip(names, cells, strict=True))
                talked = Decimal(row[seconds])
                yield row[subject].strip(), "call_seconds", talked if talked >= 0 else REFUSED

    return facts


def green_button(path):
    ns = {"e": "http://naesb.org/espi", "a": "http://www.w3.org/2005/Atom"}
    tree = etree.parse(str(path))
    powers, types = {}, {}
    for entry in tree.findall(".//a:entry", ns):
        own = [link.get("href") for link in entry.findall("a:link", ns) if link.get("rel") == "self"][0]
        kind = entry.find("a:content/e:ReadingType", ns)
        if kind is not None:
            powers[own] = int(kind.findtext("e:powerOfTenMultiplier", "0", ns))
        if entry.find("a:content/e:MeterReading", ns) is not None:
            related = [link.get("href") for link in entry.findall("a:link", ns) if link.get("rel") == "related"]
            types[own] = next((href for href in related if "ReadingType" in href), None)
    for entry in tree.findall(".//a:entry", ns):
        if entry.find("a:content/e:IntervalBlock", ns) is None:
            continue
        links = [link.get("href") for link in entry.findall("a:link", ns) if link.get("rel") in ("up", "self")]
        place = re.search(r"^(.*UsagePoint/([^/]+)/MeterReading/[^/]+)", links[0])
        power = powers.get(types.get(place.group(1)), next(iter(powers.values())))
        for value in entry.findall(".//e:IntervalReading/e:value", ns):
            yield place.group(2), "energy_wh", Decimal(value.text).scaleb(power)


def otlp(path):
    for resource in json.loads(Path(path).read_text(encoding="utf-8"), parse_float=Decimal)["resourceMetrics"]:
        names = {pair["key"]: pair["value"].get("stringValue") for pair in resource["resource"]["attributes"]}
        for scope in resource["scopeMetrics"]:
            for metric in scope["metrics"]:
                kind = next(name for name in ("sum", "gauge", "histogram", "exponentialHistogram") if name in metric)
                for point in metric[kind]["dataPoints"]:
                    counted = kind == "sum" and metric[kind]["aggregationTemporality"] == 1
                    value = Decimal(str(point.get("asDouble", point.get("asInt")))) if counted else None
                    yield (names["service.name"], metric["name"], value) if counted else (None, None, LEFT_OUT)


def printers(path):
    counters = {"page_counter": "pages", "bw_counter": "pages_mono", "color_counter": "pages_colour"}
    counters["duplex_unit_pages_counter"] = "pages_duplex"
    for row in rows(path):
        for column, metric in counters.items():
            yield row["model"], metric, Decimal(row[column]) if row[column] else LEFT_OUT


def fleet(path):
    registers = {"CumulativeOperatingHours": ("operating_hours", "Hour"), "FuelUsed": ("fuel", "FuelConsumed")}
    for machine in etree.parse(str(path)).getroot().findall("{*}Equipment"):
        texts = [machine.findtext(f"{{*}}EquipmentHeader/{{*}}{name}") for name in ("SerialNumber", "PIN")]
        texts.append(machine.findtext("{*}EquipmentHeader/{*}EquipmentID"))
        subject = next((text for text in texts if text and text != "missing"), None)
        found = 0
        for reading in machine:
            name = etree.QName(reading).localname
            if name in registers:
                yield subject, registers[name][0], Decimal(reading.findtext(f"{{*}}{registers[name][1]}"))
            elif name == "FuelRemaining":
                yield None, None, LEFT_OUT
            found += name in registers or name == "FuelRemaining"
        if not found:
            yield None, None, LEFT_OUT


def plugs(path):
    for line in Path(path).read_text(encoding="utf-8").splitlines():
        topic, _tab, text = line.partition("\t")
        message = json.loads(text, parse_float=Decimal)
        inner = message.get("StatusSNS", message)
        yield topic.split("/")[-2], "energy", Decimal(inner.get("ENERGY", inner.get("EnergyTotal"))["Total"])


def m365(path):
    kind = M365_DETAIL.get(Path(path).stem, "totals")
    for row in rows(path):
        row = {re.sub(r"\s+", " ", name): value for name, value in row.items()}
        subject = next(
            (
                row[name]
                for name in M365_SUBJECTS.get(kind, ("User Principal Name",))
                if row.get(name) not in (None, "", ZERO_ID)
            ),
            "tenant",
        )
        if kind == "calls":
            yield subject, "teams_pstn_calls", Decimal(1)
        for column, (metric, how) in COLUMNS[kind].items():
            if column in row:
                yield subject, metric, told(row[column], how)


def told(text, how):
    """The quantity of a cell: a number, a length of time, or one for a yes."""
    if how == "yes":
        return Decimal(1) if text in ("Yes", "True") else LEFT_OUT
    if how == "used":
        return Decimal(1) if text not in ("", "No", "False", "0") else LEFT_OUT
    if not text:
        return LEFT_OUT
    if how == "length":
        hours, minutes, seconds = re.fullmatch(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", text).groups()
        return Decimal(int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0))
    return Decimal(text)
