"""Profiles that come with the addon, on small files: formats without a public sample, headers of other spellings."""

import json
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
import usage_parsing as up
from parsing_helpers import DIGEST, LIMITS, codes, deadline, records

SHIPPED = Path(__file__).parents[2] / "odoo_usage_mediation" / "data" / "profiles"


def profile(name):
    return up.Profile.from_dict(json.loads((SHIPPED / f"{name}.json").read_text(encoding="utf-8"))["definition"])


def read(name, content, **context):
    content = content if isinstance(content, bytes) else content.encode()
    context.setdefault("received_at", "1735689600")
    return list(up.parse(content, profile(name), LIMITS, deadline(), file_digest=DIGEST, context=context))


def totals(items):
    found = defaultdict(Decimal)
    for item in records(items):
        found[item.metric] += item.quantity
    return {metric: str(total) for metric, total in found.items()}


AZURE_HEAD = "{0},{1},{2},MeterId,MeterCategory,{3},UnitOfMeasure,{4},{5},ChargeType"
AZURE_NAMES = {
    "customer agreement": (
        *("Date", "SubscriptionId", "ResourceId", "Quantity"),
        *("CostInBillingCurrency", "BillingCurrency"),
    ),
    "enterprise agreement": (
        *("Date", "SubscriptionId", "ResourceId", "Quantity"),
        *("CostInBillingCurrency", "BillingCurrencyCode"),
    ),
    "subscription": ("UsageDateTime", "SubscriptionGuid", "InstanceId", "UsageQuantity", "PreTaxCost", "Currency"),
}


@pytest.mark.parametrize("names", AZURE_NAMES.values(), ids=AZURE_NAMES)
def test_azure_costs_of_each_agreement_add_up_refunds_included(names):
    rows = (
        "01/31/2025,s1,/r/1,m,Storage,744,1 Hour,12.5,EUR,Usage",
        "2025-01-31,s1,/r/1,m,Storage,,1 Hour,-2.25,EUR,Refund",
    )
    items = read("azure_cost", "\ufeff" + AZURE_HEAD.format(*names) + "\n" + "\n".join(rows) + "\n")
    assert totals(items) == {"azure_cost": "10.25", "azure_usage": "744"} and codes(items) == ["filtered"]
    assert {item.occurred_at.date().isoformat() for item in records(items)} == {"2025-01-31"}


CUR = (
    ("identity/TimeInterval", "identity_time_interval", "2025-01-01T00:00:00Z/2025-01-01T01:00:00Z"),
    ("lineItem/UsageAccountId", "line_item_usage_account_id", "123456789012"),
    ("lineItem/LineItemType", "line_item_line_item_type", "{kind}"),
    ("lineItem/UsageStartDate", "line_item_usage_start_date", "2025-01-01T00:00:00.000Z"),
    ("lineItem/UsageEndDate", "line_item_usage_end_date", "2025-01-01T01:00:00.000Z"),
    ("lineItem/ProductCode", "line_item_product_code", "AmazonS3"),
    ("lineItem/UsageAmount", "line_item_usage_amount", "{usage}"),
    ("lineItem/UnblendedCost", "line_item_unblended_cost", "{cost}"),
    ("lineItem/CurrencyCode", "line_item_currency_code", "USD"),
)


@pytest.mark.parametrize("generation", [0, 1], ids=["legacy", "2.0"])
def test_both_generations_of_the_cost_and_usage_report_give_the_same(generation):
    rows = (("Usage", "5", "1.81E-8"), ("Usage", "5", "1.81E-8"), ("Credit", "0", "-0.5"), ("Tax", "1", "9"))
    lines = [",".join(column[generation] for column in CUR)]
    for kind, usage, cost in rows:
        lines.append(",".join(column[2].format(kind=kind, usage=usage, cost=cost) for column in CUR))
    items = read("aws_cost_and_usage", "\n".join(lines))
    assert totals(items) == {"aws_cost": "-0.4999999638", "aws_usage": "10"}
    # Two equal lines are two lines; the ids of both generations are the same.
    assert len({item.external_id for item in records(items)}) == len(records(items)) == 5
    assert codes(items) == ["filtered", "filtered"]


def test_a_focus_file_may_lack_what_a_later_version_added_and_order_its_columns_otherwise():
    names = "ChargePeriodEnd,BilledCost,BillingCurrency,ChargeCategory,BillingAccountId,ChargePeriodStart"
    names += ",ServiceProviderName"
    text = f"{names}\n2025-01-02T00:00:00Z,-1.5,EUR,Credit,a1,2025-01-01T00:00:00Z,Cloud\n"
    (item,) = read("focus", text)
    assert (item.subject, str(item.quantity), item.unit, item.dimensions["provider"]) == ("a1", "-1.5", "EUR", "Cloud")


TOKEN_FILES = (
    "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-12 00:00:00.003680+00:00,2162,5\n",
    '"time";"model";"prompt_tokens";"completion_tokens";"project"\n"2024-05-12T00:00:00Z";"m";"2162";"5";"p1"\n',
    "arrived_at,num_prefill_tokens,num_decode_tokens\n1715472000,2162,5\n",
)


@pytest.mark.parametrize("text", TOKEN_FILES)
def test_tokens_are_found_under_the_names_of_several_traces(text):
    items = read("language_model_tokens", text)
    assert totals(items) == {"tokens_in": "2162", "tokens_out": "5"}
    assert {item.subject for item in records(items)} == {"p1" if "project" in text else "inference-endpoint"}
    assert {item.occurred_at.date().isoformat() for item in records(items)} == {"2024-05-12"}


def test_calls_of_an_asterisk_switch_count_when_they_were_answered():
    line = '"{code}","100","200","ctx","""A"" <100>","SIP/1","SIP/2","Dial","x","2025-01-01 10:00:00",'
    answered = line.format(code="acme") + '"2025-01-01 10:00:05","2025-01-01 10:01:05",65,60,"ANSWERED","DOC","1.1"\n'
    missed = line.format(code="") + ',"2025-01-01 10:00:30",30,0,"NO ANSWER","DOC","1.2",""\n'
    items = read("call_records_asterisk", answered + missed)
    assert totals(items) == {"call_seconds": "60"} and codes(items) == ["filtered"]
    assert records(items)[0].subject == "acme"


def test_sensors_tell_their_metric_by_unit_and_a_sum_is_a_register():
    pack = [
        {"bn": "urn:dev:meter1:", "bt": 1735689600, "bu": "Wh", "v": 5},
        {"n": "t", "u": "Cel", "v": 20.5},
        {"n": "total", "s": 1000.5, "t": 1},
    ]
    items = read("senml", json.dumps(pack))
    assert totals(items) == {"energy_wh": "5", "energy_wh_register": "1000.5"}
    assert set(codes(items)) == {"filtered"}


def test_a_cumulative_sum_of_a_service_is_read_by_its_own_profile_and_left_out_by_the_other():
    points = [{"asInt": str(value), "timeUnixNano": f"17356896{value}000000000"} for value in (10, 25)]
    metric = {"name": "requests", "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}}
    names = [{"key": "service.name", "value": {"stringValue": "shop"}}]
    text = json.dumps(
        {"resourceMetrics": [{"resource": {"attributes": names}, "scopeMetrics": [{"metrics": [metric]}]}]}
    )
    assert totals(read("otlp_cumulative", text)) == {"requests": "35"}
    assert codes(read("otlp_delta", text)) == ["filtered", "filtered"]


def test_a_plug_message_and_its_recording_are_the_same_reading():
    message = '{"Time":"2024-10-03T12:49:13","ENERGY":{"TotalStartTime":"2023-01-29T20:23:40","Total":381.701}}'
    (one,) = read("energy_plugs", message, topic="tele/t2/SENSOR")
    (other,) = read("energy_plugs_file", f"tele/t2/SENSOR\t{message}\n")
    assert one[1:12] == other[1:12] and one.subject == "t2" and str(one.quantity) == "381.701"


def test_printers_of_another_program_are_read_and_their_pages_dated():
    text = "Serial Number;Total Pages;Color Pages;Reading Date\nX1;1000;200;31.01.2025 08:00\nX2;50;N/A;31.01.2025\n"
    items = read("printer_counters", text)
    assert totals(items) == {"pages": "1050", "pages_colour": "200"} and codes(items) == ["filtered"]
    assert {item.occurred_at.date().isoformat() for item in records(items)} == {"2025-01-31"}


def test_green_button_tells_what_was_fed_into_the_grid_from_what_was_used():
    def feed(flow):
        place = "/UsagePoint/9/MeterReading/1"
        return f"""<feed xmlns="http://www.w3.org/2005/Atom">
        <entry><link rel="self" href="{place}"/><link rel="related" href="/ReadingType/1"/><content>
        <MeterReading/></content></entry><entry><link rel="self" href="/ReadingType/1"/><content><ReadingType>
        <flowDirection>{flow}</flowDirection><powerOfTenMultiplier>3</powerOfTenMultiplier><uom>72</uom></ReadingType>
        </content></entry><entry><link rel="up" href="{place}/IntervalBlock"/><content><IntervalBlock><IntervalReading>
        <timePeriod><duration>900</duration><start>1735689600</start></timePeriod><value>2</value></IntervalReading>
        </IntervalBlock></content></entry></feed>"""

    assert totals(read("green_button", feed(1))) == {"energy_wh": "2000"}
    assert totals(read("green_button", feed(19))) == {"energy_received_wh": "2000"}
    assert codes(read("green_button", feed(7))) == ["unknown_metric"]


def test_office_reports_of_users_keep_concealed_and_deleted_users_apart():
    head = "\ufeffReport Refresh Date,User Principal Name,Is Deleted,Deleted Date,Send Count,Report Period,Read Count"
    lines = (head, "2023-01-24,ABC0,True,2023-01-20,5,30,", '"2023-01-24","a@b.example",False,,"7",30,"0"')
    items = read("m365_mail_activity", "\r\n".join(lines))
    assert totals(items) == {"mail_sent": "12", "mail_read": "0"} and codes(items) == ["filtered"]
    assert [item.dimensions["deleted"] for item in records(items)] == ["true", "false", "false"]
