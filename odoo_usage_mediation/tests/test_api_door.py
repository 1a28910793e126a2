import json
from unittest.mock import patch

from odoo.exceptions import ConcurrencyError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_billing.store.writer import UsageWriter
from odoo.addons.odoo_usage_mediation.models.usage_throttle import UsageThrottle

from .api_common import URL, ApiCommon
from .common import NOW

SERIALIZATION_FAILURE, DEADLOCK = "40001", "40P01"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiDoor(ApiCommon):
    """What is sent is stored once, and each item is answered."""

    def test_an_object_becomes_one_event(self):
        answer = self.answered(
            self.post(self.event(quantity="12.50", dimensions={"paper": "a4", "n": 3, "duplex": True}))
        )
        self.assertEqual(answer["items"], [{"index": 0, "id": "e-1", "status": "accepted"}])
        event = self.events()
        self.assertEqual((event.external_id, event.quantity), ("e-1", 12.5))
        self.assertEqual(event.dimensions, {"paper": "a4", "n": "3", "duplex": "true"})
        batch = self.batches()
        self.assertEqual(batch.id, answer["batch"])
        self.assertCounts(batch, received=1, good=1, duplicate=0, suspended=0)

    def test_each_item_of_a_list_is_answered_in_its_place(self):
        events = [
            self.event(1),
            self.event(2, subject="NOBODY"),
            self.event(3, quantity="many"),
            self.event(1),
            self.event(1, quantity="7"),
            "no object",
            self.event(4),
        ]
        answer = self.answered(self.post(events))
        found = [(item["index"], item["id"], item["status"], item.get("reason")) for item in answer["items"]]
        self.assertEqual(
            found,
            [
                (0, "e-1", "accepted", None),
                (1, "e-2", "suspended", "unknown_subject"),
                (2, "e-3", "suspended", "bad_quantity"),
                (3, "e-1", "duplicate", None),
                (4, "e-1", "conflict", "conflict"),
                (5, None, "suspended", "bad_structure"),
                (6, "e-4", "accepted", None),
            ],
        )
        self.assertEqual(
            answer["totals"],
            {"received": 7, "accepted": 2, "duplicate": 1, "suspended": 4, "filtered": 0, "conflict": 1},
        )
        self.assertIn("NOBODY", answer["items"][1]["message"])
        self.assertCounts(self.batches(), received=7, good=2, duplicate=1, suspended=4)
        self.assertEqual(len(self.batches().suspense_ids), 4)

    def test_the_same_request_again_is_duplicates(self):
        events = [self.event(number) for number in range(5)]
        self.assertEqual(set(self.statuses(self.post(events))), {"accepted"})
        self.assertEqual(set(self.statuses(self.post(events))), {"duplicate"})
        self.assertEqual(len(self.events()), 5)

    def test_the_same_id_with_other_content_is_a_conflict(self):
        self.statuses(self.post(self.event(quantity="1")))
        answer = self.answered(self.post(self.event(quantity="2")))
        self.assertEqual(answer["items"][0]["status"], "conflict")
        self.assertEqual(self.events().quantity, 1)

    def test_numbers_keep_every_digit(self):
        body = json.dumps(self.event()).replace('"100"', "0.1234567890123456789").encode()
        self.statuses(self.post(body))
        self.env.cr.execute("SELECT quantity::text FROM usage_event WHERE source_id = %s", (self.api_source.id,))
        self.assertEqual(self.env.cr.fetchone()[0], "0.1234567890123456789")

    def test_a_time_without_offset_is_the_sources(self):
        self.statuses(self.post(self.event(time="2026-01-15T12:00:00")))
        self.assertEqual(str(self.events().occurred_at), "2026-01-15 11:00:00")

    def test_ids_of_any_script_come_back_whole(self):
        events = [self.event(id="zähler-日本-1"), self.event(id="é" * 200, subject="ÜBERALL")]
        answer = self.answered(self.post(json.dumps(events, ensure_ascii=False).encode()))
        self.assertEqual([item["id"] for item in answer["items"]], [event["id"] for event in events])
        self.assertIn("ÜBERALL", answer["items"][1]["message"])

    def test_a_unit_must_be_the_metrics(self):
        events = [self.event(1, unit="units"), self.event(2, unit="kWh")]
        answer = self.answered(self.post(events))
        self.assertEqual([item.get("reason") for item in answer["items"]], [None, "unit_mismatch"])

    def test_an_attribute_that_is_not_known_is_refused(self):
        answer = self.answered(self.post(self.event(dimension={"paper": "a4"})))
        self.assertEqual(answer["items"][0]["reason"], "bad_structure")
        self.assertIn("dimension", answer["items"][0]["message"])

    def test_dimensions_are_texts_by_name(self):
        for number, bad in enumerate(([1], {"a": {}}, {"a": "x" * 256}, {"a": "\0"}, {str(n): 1 for n in range(51)})):
            with self.subTest(bad=bad):
                self.assertEqual(self.statuses(self.post(self.event(number, dimensions=bad))), ["suspended"])

    def test_what_no_database_can_hold_goes_to_suspense(self):
        body = json.dumps([self.event(1, subject="A\0B"), self.event(2, subject="\ud800"), self.event(3)])
        answer = self.answered(self.post(body.encode()))
        self.assertEqual([item.get("reason") for item in answer["items"]], ["nul_byte", "bad_encoding", None])

    def test_what_no_database_can_hold_is_kept_visibly_where_nothing_reads_it(self):
        event = {"specversion": "1.0", "id": "1", "source": "/s", "type": "pages", "subject": "NOBODY"}
        event |= {"time": "2026-01-15T12:00:00Z", "data": {"quantity": 1, "note": "a\0b\ud800"}}
        answer = self.answered(self.post(event, "application/cloudevents+json"))
        self.assertEqual(answer["items"][0]["reason"], "unknown_subject")
        kept = self.batches().suspense_ids.payload["raw"]
        self.assertEqual(kept["data"]["note"], "a\\x00b\\ud800")

    def test_what_was_suspended_counts_when_it_is_sent_again_after_mending(self):
        self.assertEqual(self.statuses(self.post(self.event(subject="PRN0009"))), ["suspended"])
        self.make_subjects(self.line, 1, prefix="XRN")
        subject = self.env["usage.subject"].search([("code", "=", "XRN0001")])
        subject.identity_ids = [(0, 0, {"identity": "PRN0009"})]
        self.assertEqual(self.statuses(self.post(self.event(subject="PRN0009"))), ["accepted"])
        self.assertEqual(self.batches().suspense_ids.mapped("state"), ["recycled"])

    def test_the_service_user_is_named_on_the_batch(self):
        self.statuses(self.post(self.event()))
        self.assertEqual(self.batches().user_id.login, f"usage-ingestion-{self.api_source.id}")

    @mute_logger("odoo.http")
    def test_another_method_is_told(self):
        for method in ("GET", "PUT", "DELETE"):
            response = self.url_open(URL, method=method)
            self.assertProblem(response, 405, "wrong_method")
            self.assertEqual(response.headers["Allow"], "POST")


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiContention(ApiCommon):
    """A transaction that meets contention is run again, whole; when that does not help, it is told."""

    def failing(self, times, code=None, error=None):
        """Let the store fail `times` times: with `error`, or as PostgreSQL does for an error code."""
        write, left = UsageWriter.write, [times]

        def meets(writer, records):
            if left[0]:
                left[0] -= 1
                if error:
                    raise error
                writer.cr.execute("DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = %s; END $$", (code,))
            return write(writer, records)

        self.patch(UsageWriter, "write", meets)
        return patch("odoo.service.model.time.sleep")

    @mute_logger("odoo.service.model", "odoo.sql_db")
    def test_a_request_that_is_run_again_stores_everything_once(self):
        events = [self.event(number) for number in range(4)]
        body = "\n".join(map(json.dumps, events)).encode()
        paced, take = [], UsageThrottle._take

        def counted(throttle, source):
            paced.append(source)
            return take(throttle, source)

        self.patch(UsageThrottle, "_take", counted)
        with self.failing(2, SERIALIZATION_FAILURE):
            self.assertEqual(self.statuses(self.post(body, "application/x-ndjson")), ["accepted"] * 4)
        self.assertCounts(self.batches(), received=4, good=4, duplicate=0, suspended=0)
        self.assertEqual(len(paced), 1)

    @mute_logger("odoo.service.model", "odoo.sql_db", "odoo.http")
    def test_contention_that_stays_is_503_and_stores_nothing(self):
        for failure in ({"code": SERIALIZATION_FAILURE}, {"code": DEADLOCK}, {"error": ConcurrencyError("claimed")}):
            with self.subTest(**failure), self.failing(5, **failure):
                response = self.post([self.event(), self.event(2, subject="NOBODY")])
            self.assertProblem(response, 503, "busy")
            self.assertGreater(int(response.headers["Retry-After"]), 0)
            self.assertFalse(self.batches())

    @mute_logger("odoo.http")
    def test_our_own_mistake_is_500_without_a_word_of_the_request(self):
        with self.failing(1, error=ZeroDivisionError("PRN0001")):
            response = self.post(self.event())
        self.assertProblem(response, 500, "internal")
        self.assertNotIn("PRN0001", response.text)
        self.assertFalse(self.batches())
