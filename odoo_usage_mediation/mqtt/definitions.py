"""How messages are read when no profile says otherwise. Plain data for `parsing`.

A JSON event is that of the HTTP door; its subject may be left to the topic, its id to the message.

Columns of the message itself: `@topic`, `@subject` (the level of the topic that names it), `@message`
(an identity made from topic and payload: the same message is the same usage, however often it is sent).
A time of receipt (`@received_at`) is there only where the source says so: when a message of this topic and content
first arrived, so that a message delivered again is the same usage.
"""

from ..api import NATIVE as EVENT

NATIVE = {
    **EVENT,
    "subject": {"column": "subject", "or": ["@subject"]},
    "external_id": {"column": "id", "or": ["@message"]},
    "duplicates": "database",
}
SENML = {
    "format": "senml",
    "subject": "@subject",
    "external_id": {"key": ["@subject", "name", "time"]},
    "time": "time",
    "time_formats": ["epoch_seconds"],
    "measures": [
        {
            "metric": {"column": "name", "split": {"separator": "/", "part": -1}},
            "quantity": "value",
            "on_negative": "accept",
        }
    ],
    "duplicates": "database",
}
SPARKPLUG = {
    "format": "json",
    "subject": {"column": "@subject", "or": ["producer"]},
    "external_id": {"key": ["producer", "name", "timestamp"]},
    "time": "timestamp",
    "time_formats": ["epoch_millis"],
    "measures": [{"metric": {"column": "name"}, "quantity": "value", "on_negative": "accept"}],
    "duplicates": "database",
}
