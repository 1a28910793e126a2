from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, new_test_user, tagged

from odoo.addons.odoo_usage_mediation.mqtt.settings import read_settings

from .common import NOW
from .mqtt_common import MqttCommon

# (viewer, operator, manager)
RIGHTS = {
    "usage.listener": ("r", "r", "ru"),
    "usage.producer": ("r", "r", "r"),
    "usage.gap": ("r", "rw", "rw"),
}
LETTERS = {"read": "r", "write": "w", "create": "c", "unlink": "u"}


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestMqttSecurity(MqttCommon):
    """Who sees listeners and gaps, and that the broker's password is seen by nobody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = [cls.make_user(name) for name in ("viewer", "operator", "manager")]
        cls.manager = cls.users[2]
        cls.listener = (
            cls.env["usage.listener"].sudo().create({"source_id": cls.feed.id, "name": "main", "state": "stopped"})
        )

    @classmethod
    def make_user(cls, name, company=None):
        company = company or cls.company
        return new_test_user(
            cls.env,
            login=f"mqtt_{name}_{company.id}",
            groups=f"odoo_usage_billing.group_usage_{name}",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )

    def test_each_group_may_do_this_and_no_more(self):
        portal = new_test_user(self.env, login="mqtt_portal", groups="base.group_portal")
        for model, expected in RIGHTS.items():
            for user, letters in zip([*self.users, portal], [*expected, ""], strict=True):
                records = self.env[model].with_user(user)
                found = "".join(letter for operation, letter in LETTERS.items() if records.has_access(operation))
                self.assertEqual(found, letters, (model, user.login))

    def test_rows_of_another_company_are_not_seen(self):
        self.feed.sequence_path = "seq"
        self.deliver(self.event(seq=0), self.event(id="2", seq=5, time="2026-01-15T12:00:05Z"))
        stranger = self.make_user("manager", self.env["res.company"].create({"name": "Elsewhere"}))
        for model in RIGHTS:
            ours = self.env[model].search([("company_id", "=", self.company.id)])
            self.assertTrue(ours, model)
            with self.assertRaises(AccessError):
                ours.with_user(stranger).read(["display_name"])

    def test_a_password_is_set_used_and_never_shown(self):
        source = self.feed.with_user(self.manager)
        source.mqtt_password = "open sesame"
        self.env.invalidate_all()
        self.assertFalse(source.mqtt_password)
        self.assertTrue(source.mqtt_has_password)
        with self.assertRaises(AccessError):
            source.read(["mqtt_secret"])
        with self.assertRaises(AccessError):
            source.mqtt_secret = "other"
        with self.assertRaises(AccessError):
            source.search([("mqtt_secret", "=", "open sesame")])
        self.assertNotIn("mqtt_secret", source.fields_get())
        self.assertNotIn("sesame", str(source.read()))
        self.assertNotIn("sesame", str(source.message_ids.mapped("body")))
        broker = read_settings(self.feed, "db", environ={}).broker
        self.assertEqual(broker.password, "open sesame")
        self.assertNotIn("sesame", repr(broker) + repr(read_settings(self.feed, "db", environ={})))
        self.assertEqual(broker.without_secret("at open sesame!"), "at ***!")
        self.assertFalse(self.feed.copy({"code": "copy"}).mqtt_has_password)

    def test_a_password_is_kept_when_other_settings_change_and_forgotten_on_purpose(self):
        source = self.feed.with_user(self.manager)
        source.mqtt_password = "open sesame"
        source.write({"mqtt_host": "elsewhere", "mqtt_password": False})
        self.assertEqual(self.feed.sudo().mqtt_secret, "open sesame")
        with self.assertRaises(AccessError):
            source.with_user(self.users[1]).action_forget_mqtt_password()
        source.action_forget_mqtt_password()
        self.assertFalse(self.feed.sudo().mqtt_secret)

    def test_what_a_source_leaves_empty_comes_from_the_environment(self):
        environ = {
            "MQTT_HOST": "broker",
            "MQTT_PORT": "1999",
            "MQTT_USER": "usage-consumer",
            "MQTT_PASSWORD": "secret",
            "MQTT_CA_FILE": "ca.pem",
        }
        broker = read_settings(self.feed, "db", environ=environ).broker
        self.assertEqual(
            (broker.host, broker.port, broker.username, broker.password, broker.ca_file),
            ("broker", 1999, "usage-consumer", "secret", "ca.pem"),
        )
        self.feed.write({"mqtt_host": "own", "mqtt_port": 2000, "mqtt_username": "me"})
        broker = read_settings(self.feed, "db", "second", environ).broker
        self.assertEqual((broker.host, broker.port, broker.username), ("own", 2000, "me"))
        self.assertEqual(broker.client_id, "usage-db-broker-second")
        self.feed.write({"mqtt_port": 0, "mqtt_tls": True})
        self.assertEqual(read_settings(self.feed, "db", environ={}).broker.port, 8883)

    def test_a_listener_that_is_alive_keeps_its_row(self):
        self.listener.write({"state": "connected", "seen_at": NOW})
        self.assertTrue(self.listener.is_alive)
        with self.assertRaises(UserError):
            self.listener.with_user(self.manager).unlink()
        self.listener.seen_at = "2026-02-10 08:58:00"
        self.assertFalse(self.listener.is_alive)
        self.listener.with_user(self.manager).unlink()
