import logging
from contextlib import contextmanager
from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_mediation.api.known_keys import KNOWN_SECONDS, MAX_KNOWN, KnownKeys
from odoo.addons.odoo_usage_mediation.models.usage_ingestion_key import SCOPE

from .api_common import URL, ApiCommon
from .common import NOW

GUESSES = 300
GROUP = "odoo_usage_mediation.group_usage_ingestion"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiKeys(ApiCommon):
    """Only known producers get in, and each refusal is told."""

    def user_of(self, key):
        return self.env["res.users.apikeys"]._of_usage_key(key).user_id

    def general_key(self, user, scope=None, days=30):
        ends = days and fields.Datetime.now() + timedelta(days=365 * days)
        return self.env["res.users.apikeys"].with_user(user).sudo()._generate(scope, "General", ends)

    def assertShut(self, key, code="bad_key", status=401):
        with mute_logger("odoo.http"):
            response = self.post(self.event(), key=key)
        self.assertProblem(response, status, code)
        self.assertFalse(self.batches())
        return response

    def test_no_key_is_told_how_to_send_one(self):
        with mute_logger("odoo.http"):
            for sent in ("", "Basic abc", "Bearer", "Bearer a b", self.key):
                response = self.url_open(URL, data=b"{}", headers={"Authorization": sent})
                self.assertProblem(response, 401, "missing_key")
                self.assertEqual(response.headers["WWW-Authenticate"], 'Bearer realm="usage"')

    def test_a_session_does_not_replace_a_key(self):
        self.authenticate("admin", "admin")
        with mute_logger("odoo.http"):
            response = self.url_open(URL, data=b"{}", headers={"Content-Type": "application/json"})
        self.assertProblem(response, 401, "missing_key")

    def test_a_session_of_somebody_else_does_not_matter(self):
        self.authenticate("admin", "admin")
        self.assertEqual(self.statuses(self.post(self.event())), ["accepted"])
        self.assertEqual(self.batches().user_id, self.user_of(self.key))

    def test_a_general_key_and_one_of_another_scope_do_not_open_ingestion(self):
        user = self.user_of(self.key)
        self.assertShut(self.general_key(user))
        self.assertShut(self.general_key(user, "rpc"))
        self.assertShut(self.general_key(user, "usage"))
        self.assertShut(self.general_key(self.env.ref("base.user_admin")))

    def test_a_key_without_end_opens_nothing(self):
        self.assertShut(self.general_key(self.user_of(self.key), SCOPE, days=0))

    def test_an_ingestion_key_opens_nothing_else(self):
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        with mute_logger("odoo.http"):
            for url in (
                "/json/2/res.partner/search_read",
                "/json/2/usage.event/search_read",
                "/json/2/res.users/context_get",
            ):
                self.assertEqual(self.url_open(url, data=b"{}", headers=headers).status_code, 401)
            login = self.user_of(self.key).login
            call = {"service": "common", "method": "login", "args": [self.env.cr.dbname, login, self.key]}
            answer = self.url_open("/jsonrpc", json={"method": "call", "params": call}).json()
        self.assertFalse(answer.get("result"))

    def test_a_key_that_has_ended_is_refused(self):
        key = self.make_key(self.api_source)
        self.env.cr.execute(
            "UPDATE res_users_apikeys SET expiration_date = now() AT TIME ZONE 'utc' - interval '1 second'"
            " WHERE index = %s",
            (key[:8],),
        )
        self.assertShut(key)

    def test_a_revoked_key_is_refused_at_once(self):
        key = self.make_key(self.api_source)
        row = self.api_source.ingestion_key_ids[0]
        row.action_revoke()
        self.assertEqual((row.state, row.exists()), ("revoked", row))
        self.assertShut(key)
        self.assertEqual(self.statuses(self.post(self.event())), ["accepted"])

    def test_a_key_that_was_just_used_is_refused_at_once_when_it_may_no_longer_be(self):
        """What is remembered of a key is arithmetic; who may send is asked each time."""
        database, used = self.env.cr, [self.make_key(self.api_source) for _turn in range(4)]
        for number, key in enumerate(used):
            self.assertEqual(self.statuses(self.post(self.event(number), key=key)), ["accepted"])
        batches = self.batches()
        revoked, ended, replaced, archived = used
        self.api_source.ingestion_key_ids.filtered(
            lambda row: row.apikey_id.sudo() == self.env["res.users.apikeys"]._of_usage_key(revoked)
        ).action_revoke()
        database.execute(
            "UPDATE res_users_apikeys SET expiration_date = now() AT TIME ZONE 'utc' - interval '1 second'"
            " WHERE index = %s",
            (ended[:8],),
        )
        database.execute(
            "UPDATE res_users_apikeys SET key = (SELECT key FROM res_users_apikeys WHERE index = %s) WHERE index = %s",
            (archived[:8], replaced[:8]),
        )
        for key in (revoked, ended, replaced):
            self.assertFalse(self.user_of(key))
        self.user_of(archived).active = False
        with mute_logger("odoo.http"):
            for key in used:
                self.assertProblem(self.post(self.event(9), key=key), 401, "bad_key")
        self.assertEqual(self.batches(), batches)

    def test_what_is_remembered_of_a_key_is_no_key_and_ends(self):
        now, asked = [0.0], []
        known = KnownKeys(lambda key, stored: asked.append(key) or key == stored, lambda: now[0])
        self.assertEqual([known.fits("a" * 40, text * 40) for text in "aaba"], [True, True, False, True])
        self.assertEqual(len(asked), 2)
        self.assertNotIn("a" * 8, str(vars(known)))
        self.assertFalse(known.fits("b" * 40, "a" * 40) or known.fits("b" * 40, "a" * 40))
        self.assertEqual(len(asked), 4, "a wrong key is always looked at")
        now[0] = KNOWN_SECONDS + 1
        self.assertTrue(known.fits("a" * 40, "a" * 40))
        self.assertEqual(len(asked), 5)
        for number in range(MAX_KNOWN + 1):
            known.fits(str(number), str(number))
        self.assertLessEqual(len(known._until), MAX_KNOWN)

    def test_the_key_of_an_archived_user_is_refused(self):
        self.user_of(self.key).active = False
        self.assertShut(self.key)

    def test_a_user_without_the_group_is_refused(self):
        self.user_of(self.key).group_ids = [Command.clear()]
        self.assertShut(self.key, "no_ingestion_user", 403)

    def test_a_key_of_our_scope_that_no_source_knows_is_refused(self):
        self.assertShut(self.general_key(self.user_of(self.key), SCOPE), "unbound_key", 403)

    def test_the_key_opens_its_own_source_only(self):
        other = self.make_source("other")
        with mute_logger("odoo.http"):
            for code in (other.code, "nothing", "fleet"):
                self.assertProblem(self.post(self.event(), Usage_Source=code), 403, "other_source")
                self.assertProblem(self.post(self.event(), url=f"{URL}?source={code}"), 403, "other_source")
        self.assertEqual(self.statuses(self.post(self.event(), Usage_Source="api")), ["accepted"])
        self.assertEqual(self.statuses(self.post(self.event(), url=f"{URL}?source=api")), ["duplicate"])
        self.assertFalse(self.batches(other))

    def test_a_user_of_another_company_is_refused(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        user = self.user_of(self.key)
        user.write({"company_id": company.id, "company_ids": [Command.set(company.ids)]})
        self.assertShut(self.key, "other_company", 403)

    def test_a_source_that_is_shut_or_archived_is_refused(self):
        self.api_source.http_enabled = False
        self.assertShut(self.key, "closed_source", 403)
        self.api_source.write({"http_enabled": True, "active": False})
        self.assertShut(self.key, "closed_source", 403)

    def test_guesses_open_nothing(self):
        near = [self.key[:-1] + sign for sign in "0123456789abcdef" if sign != self.key[-1]]
        wild = [f"{number:040x}" for number in range(GUESSES)]
        odd = ["%", "' OR 1=1 --", "é" * 9, "0" * 5000, self.key.upper(), self.key + "0", self.key[:8]]
        keys = self.env["res.users.apikeys"]
        self.assertFalse([key for key in [*near, *wild, *odd, "", None] if keys._of_usage_key(key)])
        for key in (near[0], wild[0], "0" * 5000, self.key[:8]):
            self.assertShut(key)

    @contextmanager
    def listening(self):
        """The lines that Odoo and its server write at INFO and above."""
        lines, loggers = [], [logging.getLogger(name) for name in ("odoo", "werkzeug")]
        handler = logging.Handler()
        handler.emit = lambda record: lines.append(handler.format(record))
        before = [logger.level for logger in loggers]
        for logger in loggers:
            logger.addHandler(handler)
            logger.setLevel(logging.INFO)
        try:
            yield lines
        finally:
            for logger, level in zip(loggers, before, strict=True):
                logger.removeHandler(handler)
                logger.setLevel(level)

    def test_no_line_at_info_or_above_tells_a_key_or_what_was_sent(self):
        events = [self.event(), self.event(2, subject="SECRET-SUBJECT"), self.event(3, quantity="SECRET-QUANTITY")]
        with self.listening() as caught:
            made = self.make_key(self.api_source)
            self.post(events)
            self.post(events, key=self.key[:-1] + "x")
            self.post(b'{"SECRET-BROKEN"')
        told = "\n".join(caught)
        self.assertIn("POST /usage/v1/events", told)
        for secret in (self.key[8:], made[8:], "SECRET", "PRN0001"):
            self.assertNotIn(secret, told)


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiRights(ApiCommon):
    """Who makes keys, and what service users may do."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        companies = {"company_id": cls.company.id, "company_ids": [Command.set(cls.company.ids)]}
        cls.manager, cls.operator = (
            new_test_user(cls.env, login=f"api_{name}", groups=f"odoo_usage_billing.group_usage_{name}", **companies)
            for name in ("manager", "operator")
        )
        cls.service = cls.env["res.users"].search([("login", "=", f"usage-ingestion-{cls.api_source.id}")])

    def wizard(self, user, source=None, **vals):
        wizards = self.env["usage.ingestion.key.wizard"].with_user(user)
        return wizards.create({"source_id": (source or self.api_source).id, **vals})

    def test_a_manager_makes_a_key_that_is_shown_once(self):
        action = self.wizard(self.manager, name="Gateway").action_make()
        key = action["context"]["default_key"]
        self.assertEqual(self.statuses(self.post(self.event(), key=key)), ["accepted"])
        shown = self.env["ir.ui.view"].browse(action["views"][0][0]).arch
        self.assertIn("opens this source, and nothing else", shown)
        self.assertNotIn("your user account", shown)
        row = self.api_source.ingestion_key_ids[0].with_user(self.manager)
        self.assertEqual((row.name, row.state, row.user_id), ("Gateway", "active", self.service))
        self.assertNotIn(key[8:], str(row.read()))

    def test_nobody_else_makes_or_revokes_one(self):
        with self.assertRaises(AccessError):
            self.wizard(self.operator)
        with self.assertRaises(AccessError):
            self.api_source.ingestion_key_ids.with_user(self.operator).action_revoke()
        for values in ({"name": "x"}, {"revoked_at": False}):
            with self.assertRaises(AccessError):
                self.api_source.ingestion_key_ids.with_user(self.manager).write(values)

    def test_a_manager_of_another_company_does_not_see_them(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        self.manager.write({"company_ids": [Command.set(company.ids)], "company_id": company.id})
        rows = self.env["usage.ingestion.key"].with_user(self.manager)
        self.assertFalse(rows.search([]))
        with self.assertRaises(AccessError):
            self.wizard(self.manager).action_make()

    def test_the_last_day_of_a_key_is_the_one_that_was_chosen(self):
        day = fields.Date.today() + timedelta(days=30)
        self.wizard(self.manager, name="Gateway", expires_on=day).action_make()
        key = self.api_source.ingestion_key_ids.filtered(lambda key: key.name == "Gateway")
        self.assertEqual(key.date_last, day)

    def test_a_key_has_an_end(self):
        for days in (-1, 731):
            day = fields.Date.today() + timedelta(days=days)
            with self.assertRaises(UserError):
                self.wizard(self.manager, expires_on=day).action_make()

    def test_an_archived_service_user_stops_new_keys(self):
        self.service.active = False
        with self.assertRaises(UserError):
            self.wizard(self.manager).action_make()

    def test_the_service_user_can_do_nothing_but_send(self):
        self.assertEqual(self.service.all_group_ids, self.env.ref(GROUP))
        self.assertFalse(self.service._is_internal())
        for model in self.env.registry:
            records = self.env[model]
            if records._abstract or not model.startswith(
                ("usage.", "contract.", "account.move", "res.partner", "product.")
            ):
                continue
            for operation in ("read", "write", "create", "unlink"):
                self.assertFalse(records.with_user(self.service).has_access(operation), (model, operation))

    def test_the_service_user_cannot_log_in(self):
        self.env.cr.execute("SELECT password FROM res_users WHERE id = %s", (self.service.id,))
        self.assertFalse(self.env.cr.fetchone()[0])

    def test_every_model_has_an_access_line_and_a_rule(self):
        for model in ("usage.ingestion.key", "usage.ingestion.key.wizard", "usage.throttle"):
            found = self.env["ir.model"]._get(model)
            self.assertTrue(found.access_ids, model)
            self.assertTrue(found.rule_ids, model)
