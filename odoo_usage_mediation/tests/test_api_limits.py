import gzip
import json
import threading
import zlib
from unittest.mock import patch

from odoo.sql_db import db_connect
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_mediation.api import MAX_RATIO, RequestRefused, unpack
from odoo.addons.odoo_usage_mediation.models.usage_throttle import take

from .api_common import URL, ApiCommon
from .common import NOW

MEGABYTE = 1_000_000


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiLimits(ApiCommon):
    """A door has a size; what is above it is refused before it costs anything."""

    def refused(self, status, code, body, **sent):
        with mute_logger("odoo.http"):
            problem = self.assertProblem(self.post(body, **sent), status, code)
        self.assertFalse(self.batches())
        return problem

    def test_a_body_above_the_sources_limit(self):
        self.api_source.http_max_megabytes = 1
        problem = self.refused(413, "too_large", b"[" + b" " * MEGABYTE)
        self.assertIn(str(MEGABYTE), problem["detail"])

    def test_a_body_of_64_megabytes(self):
        self.refused(413, "too_large", b"[" + b" " * (64 * MEGABYTE - 1))

    def test_a_body_above_any_limit(self):
        self.refused(413, "too_large_by_far", b"[" + b" " * (65 * MEGABYTE))

    def test_a_body_in_pieces_without_a_length(self):
        self.api_source.http_max_megabytes = 1
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.key}"}
        with mute_logger("odoo.http"):
            pieces = (b" " * 100_000 for _piece in range(11))
            response = self.opener.post(self.base_url() + URL, data=pieces, headers=headers, timeout=60)
            self.assertProblem(response, 413, "too_large")
        whole = json.dumps(self.event()).encode()
        pieces = (whole[place : place + 7] for place in range(0, len(whole), 7))
        response = self.opener.post(self.base_url() + URL, data=pieces, headers=headers, timeout=60)
        self.assertEqual(self.statuses(response), ["accepted"])

    def test_an_unknown_sender_is_refused_before_the_body_counts(self):
        with mute_logger("odoo.http"):
            response = self.post(b"[" + b" " * (2 * MEGABYTE), key="0" * 40)
        self.assertProblem(response, 401, "bad_key")

    def test_more_items_than_allowed(self):
        self.api_source.http_max_items = 3
        self.refused(413, "too_many_rows", [self.event(n) for n in range(4)])
        lines = "\n".join(json.dumps(self.event(n)) for n in range(4)).encode()
        self.refused(413, "too_many_rows", lines, content_type="application/x-ndjson")
        self.assertEqual(self.statuses(self.post([self.event(n) for n in range(3)])), ["accepted"] * 3)

    def test_reading_that_takes_too_long(self):
        clock = iter(range(0, 10_000, 20))
        with patch("odoo.addons.odoo_usage_mediation.intake.reading.time.monotonic", lambda: next(clock)):
            self.refused(413, "timed_out", [self.event()])

    def test_deep_nesting(self):
        self.refused(400, "too_deep", b"[" * 1_000_000)
        self.refused(400, "too_deep", b'{"a":' * 1_000_000)
        nested = "1"
        for _level in range(30):
            nested = '{"nested": ' + nested + "}"
        answer = self.answered(self.post(f'{{"id": "e-1", "dimensions": {nested}}}'.encode()))
        self.assertEqual(answer["items"][0]["reason"], "too_deep")

    def test_a_deep_line_of_ndjson_stops_nobody(self):
        lines = [json.dumps(self.event(1)), '{"a":' * 100_000, json.dumps(self.event(2))]
        found = self.statuses(self.post("\n".join(lines).encode(), "application/x-ndjson"))
        self.assertEqual(found, ["accepted", "suspended", "accepted"])

    def test_a_gzip_bomb(self):
        bomb = gzip.compress(b" " * (60 * MEGABYTE))
        self.assertLess(len(bomb), 100_000)
        self.refused(413, "bomb_ratio", bomb, Content_Encoding="gzip")
        self.refused(413, "bomb_ratio", gzip.compress(bomb * 40), Content_Encoding="gzip")

    def test_a_gzip_body_that_is_broken(self):
        good = gzip.compress(json.dumps(self.event()).encode())
        for bad in (good[:-4], good[:20], b"{}", good + b"junk", good[:12] + b"\xff\xff" + good[14:]):
            with self.subTest(bad=bad[:20]):
                self.refused(400, "corrupt", bad, Content_Encoding="gzip")


@tagged("post_install", "-at_install")
class TestApiUnpack(ApiCommon):
    """Unpacking stops at its limit, however much is inside."""

    def test_no_more_is_unpacked_than_allowed(self):
        made = []
        engines = zlib.decompressobj

        class Engine:
            def __init__(self, bits):
                self.engine = engines(bits)

            def decompress(self, data, limit):
                found = self.engine.decompress(data, limit)
                made.append(len(found))
                return found

            def __getattr__(self, name):
                return getattr(self.engine, name)

        bomb = gzip.compress(b"0" * (50 * MEGABYTE))
        with patch("odoo.addons.odoo_usage_mediation.api.unpack.zlib.decompressobj", Engine):
            with self.assertRaises(RequestRefused):
                unpack(bomb, "gzip", 16 * MEGABYTE)
        self.assertLessEqual(sum(made), max(MAX_RATIO * len(bomb), MEGABYTE) + 1)

    def test_several_members_are_one_body_within_one_limit(self):
        self.assertEqual(unpack(gzip.compress(b"[1,") + gzip.compress(b"2]"), "gzip", 100), b"[1,2]")
        members = b"".join(gzip.compress(bytes([65 + n]) * 400_000) for n in range(4))
        with self.assertRaises(RequestRefused) as refused:
            unpack(members, "gzip", 16 * MEGABYTE)
        self.assertEqual(refused.exception.code, "bomb_ratio")


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiPace(ApiCommon):
    """A source sends as fast as it may, and is told when to come again."""

    def test_requests_above_the_pace_are_429(self):
        self.api_source.http_requests_per_minute = 3
        for number in range(3):
            self.assertEqual(self.statuses(self.post(self.event(number))), ["accepted"])
        with mute_logger("odoo.http"):
            response = self.post(self.event(4))
        self.assertProblem(response, 429, "too_fast")
        # 60 s / 3: the next one may come when a share of 20 s is free again.
        self.assertIn(int(response.headers["Retry-After"]), range(15, 21))
        self.assertEqual(len(self.events()), 3)

    def test_another_source_has_its_own_pace(self):
        self.api_source.http_requests_per_minute = 1
        other = self.make_source("other")
        key = self.make_key(other)
        with mute_logger("odoo.http"):
            found = [self.post(self.event()).status_code for _time in range(2)]
        self.assertEqual(found, [200, 429])
        self.assertEqual(self.post(self.event(), key=key).status_code, 200)

    def test_workers_agree_on_the_pace(self):
        """Eight connections at once: exactly as many are let in as may be, and none fails."""
        source = self.env["usage.source"].sudo().search([("code", "=", "template")], order="id", limit=1)
        let_in, failures, limit = [], [], 40
        start = threading.Barrier(8)

        def work():
            start.wait()
            for _request in range(20):
                try:
                    with db_connect(self.env.cr.dbname).cursor() as cr:
                        cr.execute("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
                        let_in.append(take(cr, source.id, limit) == 0)
                except Exception as error:  # noqa: BLE001 - counted below
                    failures.append(error)

        workers = [threading.Thread(target=work) for _worker in range(8)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with db_connect(self.env.cr.dbname).cursor() as cr:
            cr.execute("DELETE FROM usage_throttle WHERE source_id = %s", (source.id,))
        self.assertFalse(failures[:1])
        # A share of 1.5 s may have come free meanwhile.
        self.assertIn(sum(let_in), range(limit, limit + 4))
