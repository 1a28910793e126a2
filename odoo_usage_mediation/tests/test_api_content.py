import gzip
import json

from odoo import Command
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from ..controllers import events
from .api_common import ApiCommon
from .common import NOW

NDJSON = "application/x-ndjson"
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiContent(ApiCommon):
    """Every kind of body, and what is not one."""

    def cloud(self, number=1, **vals):
        event = {
            "specversion": "1.0",
            "id": f"c-{number}",
            "source": "/plant/7",
            "type": "pages",
            "subject": "PRN0001",
            "time": f"2026-01-16T12:{number % 60:02d}:00Z",
            "data": {"quantity": "2.5", "dimensions": {"paper": "a3"}},
            **vals,
        }
        return {name: value for name, value in event.items() if value is not None}

    def test_ndjson_is_judged_line_by_line(self):
        lines = [json.dumps(self.event(1)), "", "{broken", json.dumps(self.event(2)), "[]", json.dumps(self.event(1))]
        answer = self.answered(self.post("\n".join(lines).encode(), NDJSON))
        found = [(item["index"], item["status"]) for item in answer["items"]]
        self.assertEqual(
            found, [(0, "accepted"), (2, "suspended"), (3, "accepted"), (4, "suspended"), (5, "duplicate")]
        )

    def test_ndjson_of_many_chunks_is_one_batch(self):
        self.patch(events, "CHUNK_ITEMS", 7)
        count = 40
        body = "\n".join(json.dumps(self.event(n)) for n in range(count))
        self.assertEqual(self.statuses(self.post(body.encode(), NDJSON)), ["accepted"] * count)
        self.assertEqual(self.batches().received_count, count)

    def test_gzip_is_unpacked(self):
        body = gzip.compress(json.dumps([self.event(n) for n in range(3)]).encode())
        self.assertEqual(self.statuses(self.post(body, Content_Encoding="gzip")), ["accepted"] * 3)

    def test_an_event_may_void_or_replace_an_earlier_one(self):
        self.post([self.event(1), self.event(2)])
        corrections = [
            self.event(3, voids=self.event(1)["id"]),
            self.event(4, quantity="9", replaces=self.event(2)["id"]),
            self.event(5, voids="nothing"),
            self.event(6, voids=7),
        ]
        self.assertEqual(self.statuses(self.post(corrections)), ["accepted", "accepted", "suspended", "suspended"])
        self.assertEqual(sum(self.events().mapped("quantity")), 9)

    def test_a_cloudevent_corrects_one_of_its_own_source(self):
        self.post(self.cloud(), STRUCTURED)
        other = self.cloud(2, source="/plant/8", data={"quantity": "1", "voids": "c-1"})
        self.assertEqual(self.statuses(self.post(other, STRUCTURED)), ["suspended"])
        void = self.cloud(3, data={"quantity": "1", "voids": "c-1"})
        self.assertEqual(self.statuses(self.post(void, STRUCTURED)), ["accepted"])
        self.assertEqual(sum(self.events().mapped("quantity")), 0)

    def test_a_structured_cloudevent(self):
        answer = self.answered(self.post(self.cloud(), STRUCTURED))
        self.assertEqual(answer["items"], [{"index": 0, "id": "c-1", "status": "accepted"}])
        event = self.events()
        self.assertEqual((event.quantity, event.dimensions), (2.5, {"paper": "a3"}))
        self.assertEqual(self.statuses(self.post(self.cloud(), STRUCTURED)), ["duplicate"])

    def test_a_cloudevent_is_known_by_source_and_id(self):
        self.assertEqual(self.statuses(self.post(self.cloud(), STRUCTURED)), ["accepted"])
        self.assertEqual(self.statuses(self.post(self.cloud(source="/plant/8"), STRUCTURED)), ["accepted"])

    def test_a_batch_of_cloudevents(self):
        events = [
            self.cloud(1),
            self.cloud(2, specversion="0.3"),
            self.cloud(3, type="nothing"),
            self.cloud(4, id=None),
        ]
        answer = self.answered(self.post(events, BATCH))
        found = [(item["status"], item.get("reason")) for item in answer["items"]]
        suspended = [("suspended", "bad_structure"), ("suspended", "unknown_metric"), ("suspended", "bad_structure")]
        self.assertEqual(found, [("accepted", None), *suspended])

    def test_a_refused_cloudevent_waits_under_its_metric(self):
        events = [self.cloud(1, time="never"), self.cloud(2, data={"metric": "scans", "quantity": "many"})]
        self.assertEqual(self.statuses(self.post(events, BATCH)), ["suspended"] * 2)
        rows = self.batches().suspense_ids.sorted("row_number")
        self.assertEqual(rows.mapped("metric_code"), ["pages", "scans"])

    def test_a_cloudevent_in_headers_is_the_same_event(self):
        sent = {
            "ce_specversion": "1.0",
            "ce_id": "c-1",
            "ce_source": "/plant/7",
            "ce_type": "pages",
            "ce_subject": "PRN%30001",
            "ce_time": "2026-01-16T12:01:00Z",
        }
        data = {"quantity": "2.5", "dimensions": {"paper": "a3"}}
        self.assertEqual(self.statuses(self.post(data, **sent)), ["accepted"])
        self.assertEqual(self.statuses(self.post(self.cloud(), STRUCTURED)), ["duplicate"])

    @mute_logger("odoo.http")
    def test_a_cloudevent_in_headers_stays_within_its_data(self):
        sent = {"ce_specversion": "1.0", "ce_id": "1", "ce_source": "/s", "ce_type": "pages"}
        body = b'{"quantity": 1}, "subject": "PRN0001", "x": {"a": 1}'
        self.assertProblem(self.post(body, **sent), 400, "bad_structure")
        self.assertProblem(self.post(b"{}", **sent, ce_data="x"), 400, "bad_event_header")
        self.assertProblem(self.post(b"{}", **sent, **{"ce_UP-PER": "x"}), 400, "bad_event_header")
        self.assertProblem(self.post(b"{}", **sent, ce_ext="%ff"), 400, "bad_event_header")
        self.assertProblem(self.post(b"<a/>", "text/xml", **sent), 415, "wrong_data_type")
        self.assertProblem(self.post(b"[" * 100_000, **sent), 400, "too_deep")

    def test_the_profile_of_a_source_says_how_its_json_is_read(self):
        profile = self.env["usage.profile"].create(
            {
                "name": "Plugs",
                "format": "json",
                "is_advanced": True,
                "definition": {
                    "format": "json",
                    "records_path": "readings",
                    "subject": "device",
                    "external_id": {"key": ["device", "at"]},
                    "time": {"column": "at"},
                    "measures": [{"metric": "pages", "quantity": {"column": "wh", "factor": "0.001"}}],
                    "where": [{"column": "kind", "equals": "count"}],
                },
            }
        )
        source = self.make_source("plugs", profile_id=profile.id)
        key = self.make_key(source)
        readings = [
            {"device": "PRN0001", "at": "2026-01-15T12:00:00Z", "wh": 1500, "kind": "count"},
            {"device": "PRN0001", "at": "2026-01-15T13:00:00Z", "wh": 1500, "kind": "test"},
        ]
        answer = self.answered(self.post({"readings": readings}, key=key))
        self.assertEqual([item["status"] for item in answer["items"]], ["accepted", "filtered"])
        self.assertEqual(self.events().quantity, 1.5)
        self.assertEqual(self.batches(source).profile_id, profile)
        lines = "\n".join(map(json.dumps, readings)).encode()
        self.assertEqual(self.statuses(self.post(lines, NDJSON, key=key)), ["duplicate", "filtered"])

    def test_a_file_source_takes_the_native_event_under_the_same_ids(self):
        source = self.template_source
        source.http_enabled = True
        self.store(self.xlsx(self.row(at="2026-01-15T12:00:00Z", own_id="e-1")))
        key = self.make_key(source)
        self.assertEqual(self.statuses(self.post(self.event(time="2026-01-15T12:00:00Z"), key=key)), ["duplicate"])

    @mute_logger("odoo.http")
    def test_other_types_are_told_what_is_read(self):
        for content_type in (
            "text/csv",
            "application/xml",
            "",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
        ):
            with self.subTest(content_type=content_type):
                response = self.post(b"a=b", content_type)
                self.assertProblem(response, 415, "wrong_type")
                self.assertIn("application/json", response.headers["Accept-Post"])
        self.assertProblem(self.post(b"{}", "application/json; charset=utf-16"), 415, "wrong_charset")
        response = self.post(b"{}", Content_Encoding="br")
        self.assertProblem(response, 415, "wrong_encoding")
        self.assertEqual(response.headers["Accept-Encoding"], "gzip")

    @mute_logger("odoo.http")
    def test_what_cannot_be_read_is_400_and_stores_nothing(self):
        cases = [
            (b"", "application/json", "empty_file"),
            (b"[]", "application/json", "empty_file"),
            (b"\n\n", NDJSON, "empty_file"),
            (b"oops", "application/json", "not_json"),
            (b'"text"', "application/json", "not_json"),
            (b"[1, 2", "application/json", "bad_structure"),
            (b"{}{}", "application/json", "bad_structure"),
            (b'{"id": "\xff"}', "application/json", "bad_encoding"),
            (b"[{}]", STRUCTURED, "not_one_event"),
            (b"{}", BATCH, "not_a_list"),
            (b"id,subject\n1,2\n", NDJSON, "wrong_file_type"),
            (gzip.compress(b"{}"), "application/json", "undeclared_archive"),
            (b"PK\3\4", "application/json", "undeclared_archive"),
        ]
        for body, content_type, code in cases:
            with self.subTest(body=body[:20]):
                self.assertProblem(self.post(body, content_type), 400, code)
        self.assertFalse(self.batches())

    @mute_logger("odoo.http")
    def test_a_list_that_breaks_off_stores_nothing_of_what_came_before(self):
        self.patch(events, "CHUNK_ITEMS", 2)
        body = json.dumps([self.event(n) for n in range(9)]).encode()
        self.assertProblem(self.post(body[:-30]), 400, "bad_structure")
        self.assertFalse(self.events())
        self.assertFalse(self.batches())
        self.assertEqual(set(self.statuses(self.post(body))), {"accepted"})

    def test_usage_of_another_customer_of_the_company_is_still_guided(self):
        other = self.make_contract([self.usage_line(self.make_card(charge_model="per_unit", unit_price=1))])
        self.make_subjects(other.contract_line_ids, 1, prefix="OTH")
        self.assertEqual(self.statuses(self.post(self.event(subject="OTH0001"))), ["accepted"])
        self.assertFalse(self.events())

    def test_usage_of_another_company_is_not(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.env["usage.subject"].sudo().create({"code": "FAR0001", "company_id": company.id})
        self.env.user.company_ids = [Command.link(company.id)]
        answer = self.answered(self.post(self.event(subject="FAR0001")))
        self.assertEqual(answer["items"][0]["reason"], "unknown_subject")

    def test_an_event_that_was_refused_is_corrected_in_suspense_and_read_again(self):
        cloud = {
            "specversion": "1.0",
            "id": "c",
            "source": "/meter",
            "type": "pages",
            "subject": "PRN0001",
            "time": "2026-01-15T12:00:00Z",
            "data": {"quantity": "many"},
        }
        bad = [self.event(1, quantity="many"), self.event(2, time="never"), self.event(3, unit="kWh", quantity=5)]
        self.assertEqual(set(self.statuses(self.post(bad))), {"suspended"})
        self.assertEqual(self.statuses(self.post(cloud, "application/cloudevents+json")), ["suspended"])
        rows = self.env["usage.suspense"].search([("source_id", "=", self.api_source.id)], order="id")
        self.assertEqual(rows.mapped("reason_code"), ["bad_quantity", "bad_time", "unit_mismatch", "bad_quantity"])
        rows.action_recycle()
        self.assertEqual(set(rows.mapped("state")), {"open"}, "nothing is put right yet")
        for row, values in zip(
            rows, ({"quantity": "7"}, {"occurred_at": "2026-01-20 10:00:00"}, {}, {"quantity": "9"}), strict=True
        ):
            if values:
                wizard = self.env["usage.suspense.correct"].with_context(active_ids=row.ids).create(values)
                wizard.action_correct_and_recycle()
        self.assertEqual(rows.mapped("state"), ["recycled", "recycled", "open", "recycled"])
        self.assertEqual(sorted(self.events().mapped("quantity")), [7, 9, 100])
        self.assertEqual(
            self.statuses(self.post({**cloud, "data": {"quantity": 9}}, "application/cloudevents+json")), ["duplicate"]
        )

    def test_a_reading_is_replaced_and_withdrawn_by_records_that_name_it(self):
        self.api_source.register_metric_ids = self.metric
        readings = [self.event(number, quantity=shown) for number, shown in ((1, 100), (2, 900), (3, 950))]
        self.assertEqual(set(self.statuses(self.post(readings))), {"accepted"})
        right = self.event(2, id="right", quantity=150, replaces="e-2")
        self.assertEqual(self.statuses(self.post(right)), ["accepted"])
        self.assertEqual(self.standing(), [50, 800])
        gone = self.event(4, id="gone", quantity=0, voids="right")
        self.assertEqual(self.statuses(self.post([gone, right])), ["accepted", "duplicate"])
        self.assertEqual(self.standing(), [850])
        answer = self.answered(self.post(self.event(5, id="again", quantity=0, voids="e-2")))
        self.assertEqual(answer["items"][0]["reason"], "voided_already")

    def standing(self):
        """The quantities that count, in order of time."""
        events = self.events().sorted("occurred_at")
        return events.filtered(lambda e: not e.voids_event_id and not e.is_voided).mapped("quantity")
