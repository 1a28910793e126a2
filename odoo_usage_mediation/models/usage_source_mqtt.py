from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..mqtt.topics import filter_flaw, levels

# Payloads are objects: what a profile of rows and cells could read never comes as a message.
OBJECT_FORMATS = ("json", "jsonl", "cloudevents", "senml", "otlp")


class UsageSource(models.Model):
    _inherit = "usage.source"

    transport = fields.Selection(selection_add=[("mqtt", "MQTT")], ondelete={"mqtt": "set default"})
    mqtt_payload = fields.Selection(
        [
            ("native", "JSON events"),
            ("profile", "As the profile says"),
            ("senml", "SenML"),
            ("sparkplug", "Sparkplug B"),
        ],
        string="Payload",
        required=True,
        default="native",
        help="JSON events have subject, metric, time and quantity, and may have id, end_user, amount and dimensions.",
    )
    mqtt_host = fields.Char(string="Broker", help="Empty: the environment variable MQTT_HOST.")
    mqtt_port = fields.Integer(string="Port", help="0: MQTT_PORT, else 8883 with TLS and 1883 without.")
    mqtt_username = fields.Char(string="User Name", help="Empty: the environment variable MQTT_USER.")
    # Kept where no user reads it, whatever the rights: it can be replaced, never seen.
    mqtt_secret = fields.Char(groups=fields.NO_ACCESS, copy=False)
    mqtt_password = fields.Char(
        string="New Password",
        compute="_compute_mqtt_password",
        inverse="_inverse_mqtt_password",
        help="Never shown again. Without one, the environment variable MQTT_PASSWORD counts.",
    )
    mqtt_has_password = fields.Boolean(string="Has a Password", compute="_compute_mqtt_password")
    mqtt_tls = fields.Boolean(string="TLS", default=False)
    mqtt_ca_file = fields.Char(string="CA File", help="Empty: MQTT_CA_FILE, else what the machine trusts.")
    mqtt_certificate_file = fields.Char(string="Client Certificate File", help="Empty: MQTT_CERTIFICATE_FILE.")
    mqtt_key_file = fields.Char(string="Client Key File", help="Empty: MQTT_KEY_FILE.")
    mqtt_client_name = fields.Char(
        string="Client Id",
        copy=False,
        help="Under which the broker keeps the session. Empty: made from database and source.",
    )
    mqtt_topic = fields.Char(string="Topic Filter", default="usage/+/events")
    mqtt_subject_level = fields.Integer(
        string="Subject at Level",
        default=2,
        help="Which level of the topic names the subject, from 1; 0: none does. "
        "A message that names another subject is refused.",
    )
    mqtt_share_group = fields.Char(
        string="Shared by Group", help="Several listeners of this group share the messages of the source."
    )
    mqtt_session_hours = fields.Integer(
        string="Session Kept (hours)",
        required=True,
        default=720,
        help="How long the broker keeps messages for a listener that is away.",
    )
    mqtt_batch_count = fields.Integer(string="Messages per Batch", required=True, default=1000)
    mqtt_batch_millis = fields.Integer(string="Longest Wait (ms)", required=True, default=1000)
    mqtt_receipt_time = fields.Boolean(
        string="Time of Receipt",
        help="A message that says no time is dated when it first arrived. It is known by topic and content: the same "
        "content once more is the same usage. Without this, such a message waits in suspense.",
    )
    sequence_path = fields.Char(
        string="Sequence Number in",
        help="Where a message has its producer's running number, such as seq. Missing numbers become gaps.",
    )
    sequence_boot_path = fields.Char(
        string="Restart Number in", help="Where a message tells one start of its producer from the next, if it does."
    )
    sequence_first = fields.Integer(string="Counts from", default=0)
    sequence_wrap = fields.Integer(
        string="Wraps at", help="Numbers are below it and begin again, e.g. 65536; 0: never."
    )
    listener_ids = fields.One2many("usage.listener", "source_id")

    _mqtt_limits = models.Constraint(
        "CHECK (mqtt_batch_count BETWEEN 1 AND 30000 AND mqtt_batch_millis BETWEEN 10 AND 60000"
        " AND mqtt_session_hours BETWEEN 1 AND 8760 AND COALESCE(mqtt_port, 0) BETWEEN 0 AND 65535"
        " AND COALESCE(mqtt_subject_level, 0) >= 0)",
        "A batch has 1 to 30,000 messages and waits 10 to 60,000 ms, a session is kept 1 to 8,760 hours, "
        "a port is at most 65,535, and levels count from 1.",
    )
    _sequence_limits = models.Constraint(
        "CHECK (COALESCE(sequence_first, 0) >= 0 AND (COALESCE(sequence_wrap, 0) = 0 OR sequence_wrap >= 16))",
        "Sequence numbers count from 0 or more and wrap at 16 or more.",
    )

    @api.depends("mqtt_host")
    def _compute_mqtt_password(self):
        # Only whether there is a password leaves this method: hence sudo.
        for source, secret in zip(self, self.sudo(), strict=True):
            source.mqtt_password = False
            source.mqtt_has_password = bool(secret.mqtt_secret)

    def _inverse_mqtt_password(self):
        for source in self:
            if source.mqtt_password:
                # The right to write the source was checked by the write that led here.
                source._keep_secret({"mqtt_secret": source.mqtt_password})
                source.mqtt_password = False

    def action_forget_mqtt_password(self):
        """Drop the stored password; the environment's counts then."""
        self.check_access("write")
        # Nobody may touch the field itself; the right to write the source was checked above.
        self.sudo().mqtt_secret = False

    @api.constrains(
        "transport", "mqtt_payload", "mqtt_topic", "mqtt_subject_level", "mqtt_share_group", "profile_id", "company_id"
    )
    def _check_mqtt(self):
        for source in self.filtered(lambda s: s.transport == "mqtt"):
            flaw = source._mqtt_topic_flaw() or source._mqtt_payload_flaw()
            if flaw:
                raise ValidationError(flaw)

    def _mqtt_topic_flaw(self):
        flaw = filter_flaw(self.mqtt_topic or "", self.mqtt_share_group or "")
        if flaw:
            return self.env._(
                "The topic filter or group of %(name)s cannot be used: %(flaw)s.", name=self.name, flaw=flaw
            )
        if self.mqtt_subject_level > levels(self.mqtt_topic):
            return self.env._(
                "The topic filter of %(name)s has no level %(level)s that could name the subject. "
                "Choose a level that exists, or 0.",
                name=self.name,
                level=self.mqtt_subject_level,
            )
        return ""

    def _mqtt_payload_flaw(self):
        if self.mqtt_payload == "sparkplug" and self.mqtt_share_group:
            return self.env._(
                "Sparkplug B depends on the order of messages, so a group cannot share them. "
                "Remove the group; give each listener edge nodes of its own instead."
            )
        if self.mqtt_payload == "senml" and not self.mqtt_subject_level:
            return self.env._("SenML without a profile takes the subject from the topic. Say at which level it is.")
        if self.mqtt_payload != "profile":
            return ""
        definition = self.profile_id.definition or {}
        if definition.get("format") not in OBJECT_FORMATS:
            return self.env._(
                "%(name)s reads messages by a profile, so it needs one for JSON, JSON lines, CloudEvents, "
                "SenML or OpenTelemetry. Choose one.",
                name=self.name,
            )
        if "row" in (definition.get("external_id") or {}):
            return self.env._(
                "The profile %(profile)s knows a record by file and row, which messages do not have. "
                "Let it use an id or key columns.",
                profile=self.profile_id.display_name,
            )
        return ""
