import json
from datetime import timedelta

from psycopg2.errors import CheckViolation

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_mediation.api import sign

from .api_common import ApiCommon
from .common import NOW

FIRST, SECOND, THIRD = ("the first secret, long ago", "the second secret, since then", "the third secret, at last")


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiSecrets(ApiCommon):
    """A secret changes without a request lost, and is nowhere to be read."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api_source.write({"http_is_signed": True, "http_new_secret": FIRST})

    def sent_with(self, secret, number=1):
        body = json.dumps(self.event(number)).encode()
        with mute_logger("odoo.http"):
            return self.post(body, Usage_Signature=sign(secret, self.now(), body))

    def test_two_secrets_work_while_one_is_changed(self):
        self.api_source.http_new_secret = SECOND
        self.assertEqual(self.statuses(self.sent_with(FIRST)), ["accepted"])
        self.assertEqual(self.statuses(self.sent_with(SECOND, 2)), ["accepted"])
        self.api_source.http_new_secret = THIRD
        self.assertProblem(self.sent_with(FIRST), 401, "bad_signature")
        self.assertEqual(self.statuses(self.sent_with(SECOND, 3)), ["accepted"])
        self.assertEqual(self.statuses(self.sent_with(THIRD, 4)), ["accepted"])

    def test_the_former_secret_ends_by_itself_or_at_once(self):
        self.api_source.http_new_secret = SECOND
        self.assertEqual(self.api_source.http_former_until, fields.Datetime.now() + timedelta(days=7))
        with freeze_time("2026-02-17 08:59:59"):
            self.assertEqual(self.statuses(self.sent_with(FIRST)), ["accepted"])
        with freeze_time("2026-02-17 09:00:00"):
            self.assertProblem(self.sent_with(FIRST), 401, "bad_signature")
        self.api_source.action_stop_former_secret()
        self.assertFalse(self.api_source.http_former_until)
        self.assertProblem(self.sent_with(FIRST), 401, "bad_signature")
        self.assertEqual(self.statuses(self.sent_with(SECOND, 2)), ["accepted"])

    def test_the_same_secret_again_changes_nothing(self):
        self.api_source.http_new_secret = FIRST
        self.assertFalse(self.api_source.http_former_until)

    def test_a_former_secret_alone_lets_nobody_in(self):
        self.api_source.http_new_secret = SECOND
        self.api_source.sudo().http_secret = False
        self.assertProblem(self.sent_with(FIRST), 403, "no_secret")

    def test_nobody_reads_the_former_secret_or_stops_it_without_the_right_to(self):
        self.api_source.http_new_secret = SECOND
        manager, operator = (
            new_test_user(self.env, login=f"secret_{name}", groups=groups, company_id=self.company.id)
            for name, groups in (
                ("manager", "odoo_usage_billing.group_usage_manager,base.group_system"),
                ("operator", "odoo_usage_billing.group_usage_operator"),
            )
        )
        source = self.api_source.with_user(manager)
        for read in (
            lambda: source.read(["http_former_secret"]),
            lambda: source.search([("http_former_secret", "like", "the")]),
            lambda: source.write({"http_former_secret": "mine"}),
        ):
            with self.assertRaises(AccessError):
                read()
        self.assertNotIn("first secret", str(source.read()))
        with self.assertRaises(AccessError):
            self.api_source.with_user(operator).action_stop_former_secret()
        source.action_stop_former_secret()
        self.assertFalse(self.api_source.sudo().http_former_secret)

    def test_a_statement_that_fails_holds_no_secret(self):
        """A statement that fails is written to logs with its values: the secret is in none that can."""
        for values in ({"http_new_secret": SECOND}, {"mqtt_password": SECOND}):
            with self.subTest(values=values):
                failed = b""
                with self.assertRaises(CheckViolation), self.env.cr.savepoint():
                    try:
                        self.api_source.write({**values, "http_requests_per_minute": 0})
                        self.env.flush_all()
                    except CheckViolation as error:
                        # Here: after the savepoint, the cursor knows its last statement only.
                        failed = error.cursor.query
                        raise
                self.env.invalidate_all()
                self.assertIn(b"UPDATE", failed)
                self.assertNotIn(SECOND.encode(), failed)
