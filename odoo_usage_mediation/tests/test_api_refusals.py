import logging

from odoo import Command
from odoo.exceptions import AccessError
from odoo.tests import freeze_time, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_mediation.models.usage_throttle import network_of

from .api_common import ApiCommon
from .common import NOW

LOGGER = "odoo.addons.odoo_usage_mediation.models.usage_request_refusal"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiRefusals(ApiCommon):
    """No request is refused in silence, and guessing keys is slow."""

    def refusals(self, code, source=None):
        return self.env["usage.request.refusal"].search(
            [("code", "=", code), ("source_id", "=", source.id if source else False)]
        )

    def send(self, **sent):
        with mute_logger("odoo.http"):
            return self.post(sent.pop("body", self.event()), **sent)

    def count(self, code, source=None):
        # A count made during a request of a test goes with the request; attacks with real processes count those.
        self.env["usage.request.refusal"]._count(code, source and (source.id, source.code), "192.0.2.1")

    def test_each_refusal_is_written_to_the_log_once_and_without_what_was_sent(self):
        # A number: the framework gives the name INFO to a level above it.
        with self.assertLogs(LOGGER, logging.INFO) as caught:
            self.send(key="0" * 40)
            self.send(body=b"{")
            self.send(Usage_Source="other")
            self.send(content_type="text/plain")
            self.send()
        told = [line.partition("refused: ")[2] for line in caught.output]
        self.assertEqual(
            told,
            [
                "bad_key, source -, from 127.0.0.1",
                "bad_structure, source api, from 127.0.0.1",
                "other_source, source api, from 127.0.0.1",
                "wrong_type, source api, from 127.0.0.1",
            ],
        )

    def test_refusals_are_counted_by_day_source_and_reason(self):
        for _time in range(3):
            self.count("bad_key")
        self.count("corrupt", self.api_source)
        unknown, broken = self.refusals("bad_key"), self.refusals("corrupt", self.api_source)
        self.assertEqual((unknown.refused_count, unknown.last_address), (3, "192.0.2.1"))
        self.assertFalse(unknown.company_id)
        self.assertEqual((broken.refused_count, broken.company_id), (1, self.company))

    def test_guesses_of_an_address_are_slowed_down_and_a_known_key_is_let_in(self):
        throttle = self.env["usage.throttle"]
        self.assertFalse(throttle._take_guess("127.0.0.1"))
        # As after very many guesses: no machine is so slow that a share comes free meanwhile.
        self.env.cr.execute(
            "UPDATE usage_throttle SET spoken_for_until = spoken_for_until + interval '1 hour'"
            " WHERE address = '127.0.0.1'"
        )
        response = self.send(key="0" * 40)
        self.assertProblem(response, 429, "too_many_guesses")
        self.assertGreater(int(response.headers["Retry-After"]), 60)
        self.assertFalse(throttle._take_guess("127.0.0.2"))
        self.assertEqual(self.statuses(self.send()), ["accepted"])

    def test_an_address_of_ipv6_counts_with_its_neighbours(self):
        self.assertEqual(network_of("2001:db8:1:2:3::1"), network_of("2001:db8:1:2:4::9"))
        self.assertNotEqual(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"))
        self.assertEqual(network_of("::ffff:192.0.2.1"), "192.0.2.1")
        for odd in ("", None, "unknown", "1.2.3.4, 5.6.7.8", "fe80::1%eth0" * 50):
            self.assertIn(network_of(odd), ("", "fe80::/64"))

    def test_addresses_that_are_quiet_are_forgotten(self):
        throttle = self.env["usage.throttle"]
        throttle._take_guess("192.0.2.1")
        throttle._take(self.api_source)
        self.env.cr.execute("UPDATE usage_throttle SET spoken_for_until = '2020-01-01'")
        throttle._forget_addresses()
        self.env.cr.execute("SELECT address, source_id FROM usage_throttle")
        self.assertEqual(self.env.cr.fetchall(), [(None, self.api_source.id)])

    def test_old_counts_are_forgotten(self):
        self.count("bad_key")
        self.env.cr.execute("UPDATE usage_request_refusal SET day = day - 401")
        self.count("bad_key")
        self.env["usage.request.refusal"]._forget()
        self.assertEqual(len(self.refusals("bad_key")), 1)

    def test_who_sees_them(self):
        self.count("bad_key")
        self.count("corrupt", self.api_source)
        elsewhere = self.env["res.company"].create({"name": "Elsewhere"})

        def seen(name, company):
            companies = {"company_id": company.id, "company_ids": [Command.set(company.ids)]}
            groups = f"odoo_usage_billing.group_usage_{name}"
            user = new_test_user(self.env, login=f"refusal_{name}_{company.id}", groups=groups, **companies)
            rows = self.env["usage.request.refusal"].with_user(user)
            for operation in ("write", "create", "unlink"):
                self.assertFalse(rows.has_access(operation))
            return set(rows.search([]).mapped("code")) if rows.has_access("read") else None

        self.assertEqual(seen("manager", self.company), {"bad_key", "corrupt"})
        self.assertEqual(seen("operator", elsewhere), {"bad_key"})
        self.assertIsNone(seen("viewer", self.company))
        portal = new_test_user(self.env, login="refusal_portal", groups="base.group_portal")
        with self.assertRaises(AccessError):
            self.env["usage.request.refusal"].with_user(portal).search([])
