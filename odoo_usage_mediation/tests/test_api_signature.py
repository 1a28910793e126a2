import gzip
import json

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_mediation.api import sign

from .api_common import ApiCommon
from .common import NOW

SECRET = "a secret that nobody guesses"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiSignature(ApiCommon):
    """A signed request is let in within five minutes, and nothing else is."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api_source.write({"http_is_signed": True, "http_new_secret": SECRET})

    def signed(self, body, ago=0, secret=SECRET, header=None, **headers):
        header = sign(secret, self.now() - ago, body) if header is None else header
        with mute_logger("odoo.http"):
            return self.post(body, Usage_Signature=header, **headers)

    def body(self, number=1):
        return json.dumps(self.event(number)).encode()

    def test_a_signed_request_is_stored(self):
        self.assertEqual(self.statuses(self.signed(self.body())), ["accepted"])

    def test_the_window_is_five_minutes_both_ways(self):
        for ago in (299, 300, -299, -300):
            with self.subTest(ago=ago):
                self.assertEqual(self.statuses(self.signed(self.body(500 + ago), ago)), ["accepted"])
        for ago in (301, -301, 10**6, -(10**6)):
            with self.subTest(ago=ago):
                self.assertProblem(self.signed(self.body(), ago), 401, "stale_signature")

    def test_a_replay_counts_once_and_dies_after_five_minutes(self):
        body = self.body()
        header = sign(SECRET, self.now(), body)
        self.assertEqual(self.statuses(self.signed(body, header=header)), ["accepted"])
        with freeze_time("2026-02-10 09:04:59"):
            self.assertEqual(self.statuses(self.signed(body, header=header)), ["duplicate"])
        with freeze_time("2026-02-10 09:05:01"):
            self.assertProblem(self.signed(body, header=header), 401, "stale_signature")
        self.assertEqual(len(self.events()), 1)

    def test_one_flipped_byte_is_refused(self):
        body = self.body()
        header = sign(SECRET, self.now(), body)
        for place in (0, len(body) // 2, len(body) - 1):
            flipped = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
            self.assertProblem(self.signed(flipped, header=header), 401, "bad_signature")
        self.assertFalse(self.batches())

    def test_the_time_is_signed_too(self):
        header = sign(SECRET, self.now() - 400, self.body()).replace(f"t={self.now() - 400}", f"t={self.now()}")
        self.assertProblem(self.signed(self.body(), header=header), 401, "bad_signature")

    def test_other_secrets_are_refused(self):
        for secret in ("", "another secret entirely", SECRET.upper()):
            self.assertProblem(self.signed(self.body(), secret=secret), 401, "bad_signature")

    def test_a_signature_that_cannot_be_read_is_told(self):
        self.assertProblem(self.signed(self.body(), header=""), 401, "unsigned")
        good = sign(SECRET, self.now(), self.body())
        for header in ("x", "t=,v1=", "t=1", "v1=" + "0" * 64, f"t=1e9,{good}", f"{good},t=1", "t=1,v1=zz"):
            with self.subTest(header=header):
                self.assertProblem(self.signed(self.body(), header=header), 401, "malformed_signature")

    def test_a_second_signature_helps_while_the_secret_changes(self):
        header = sign("the secret before that one", self.now(), self.body())
        header += "," + sign(SECRET, self.now(), self.body()).split(",")[1]
        self.assertEqual(self.statuses(self.signed(self.body(), header=header)), ["accepted"])

    def test_packed_bodies_are_signed_as_they_are_sent(self):
        packed = gzip.compress(self.body())
        self.assertEqual(self.statuses(self.signed(packed, Content_Encoding="gzip")), ["accepted"])

    def test_without_a_secret_nothing_is_let_in(self):
        for secret in (False, ""):
            self.api_source.sudo().http_secret = secret
            self.assertProblem(self.signed(self.body(), secret=""), 403, "no_secret")
            self.assertProblem(self.signed(self.body(), header=""), 403, "no_secret")

    def test_a_source_that_asks_for_none_minds_none(self):
        self.api_source.http_is_signed = False
        self.assertEqual(self.statuses(self.signed(self.body(), header="t=1,v1=junk")), ["accepted"])

    def test_a_manager_sets_the_secret_and_nobody_reads_it(self):
        groups = "odoo_usage_billing.group_usage_manager,base.group_system"
        manager = new_test_user(self.env, login="api_secret", groups=groups, company_id=self.company.id)
        source = self.api_source.with_user(manager)
        source.http_new_secret = "the next secret, long enough"
        self.assertTrue(source.http_has_secret)
        source.invalidate_recordset()
        self.assertFalse(source.http_new_secret)
        for read in (
            lambda: source.read(["http_secret"]),
            lambda: source.search([("http_secret", "like", "the")]),
            lambda: source.export_data(["http_secret"]),
            lambda: source.write({"http_secret": "mine"}),
            lambda: source._read_group([], ["http_secret"]),
        ):
            with self.assertRaises(AccessError):
                read()
        self.assertNotIn("http_secret", source.fields_get())
        self.assertNotIn("the next secret", str(source.read()))
        self.assertNotIn("the next secret", str(source.message_ids.mapped("tracking_value_ids").read()))
        self.assertFalse(source.copy({"code": "copy"}).http_has_secret)
        body = self.body()
        self.assertEqual(self.statuses(self.signed(body, secret="the next secret, long enough")), ["accepted"])

    def test_an_operator_does_not_set_it_and_a_short_one_is_refused(self):
        operator = new_test_user(
            self.env, login="api_op", groups="odoo_usage_billing.group_usage_operator", company_id=self.company.id
        )
        with self.assertRaises(AccessError):
            self.api_source.with_user(operator).http_new_secret = "an operator's own secret"
        with self.assertRaises(ValidationError):
            self.api_source.http_new_secret = "too short"
