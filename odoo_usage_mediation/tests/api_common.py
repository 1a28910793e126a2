"""Builders shared by the tests of the HTTP door: a source with a key, requests, answers."""

import json
from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, freeze_time, tagged

from .common import NOW, MediationCommon

URL = "/usage/v1/events"
JSON_TYPE = "application/json"


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class ApiCommon(MediationCommon, HttpCase):
    """Requests to a source whose key the class holds."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.api_source = cls.make_source("api")
        cls.key = cls.make_key(cls.api_source)

    @classmethod
    def make_source(cls, code, **vals):
        """A source that accepts requests."""
        vals = {"name": code.title(), "code": code, "transport": "http", "tz": "Europe/Brussels", **vals}
        return cls.env["usage.source"].create({"company_id": cls.company.id, **vals})

    @classmethod
    def make_key(cls, source, days=30):
        """A key of the source, as the wizard shows it. Real time: the database checks the end."""
        user = cls.env["usage.ingestion.key.wizard"].create({"source_id": source.id})._service_user()
        cls.env.cr.execute("SELECT now() AT TIME ZONE 'utc'")
        ends = cls.env.cr.fetchone()[0].replace(microsecond=0) + timedelta(days=days)
        return cls.env["usage.ingestion.key"]._issue(source, user, "Test", ends)

    @classmethod
    def event(cls, number=1, **vals):
        """A native event: pages of the first printer in January 2026."""
        event = {
            "id": f"e-{number}",
            "subject": "PRN0001",
            "metric": "pages",
            "time": f"2026-01-15T12:{number % 60:02d}:00Z",
            "quantity": "100",
            **vals,
        }
        return {name: value for name, value in event.items() if value is not None}

    def post(self, body, content_type=JSON_TYPE, key=None, url=URL, **headers):
        """Send a body (bytes, or data for JSON); headers by name with underscores for hyphens."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": content_type, "Authorization": f"Bearer {self.key if key is None else key}"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        return self.url_open(url, data=data, headers=sent, method="POST")

    def answered(self, response):
        """The answer of a request that was stored."""
        self.assertEqual(response.status_code, 200, response.text)
        self.assertEqual(response.headers["Content-Type"], "application/json; charset=utf-8")
        return response.json()

    def statuses(self, response):
        """The statuses of the items, in their order."""
        return [item["status"] for item in self.answered(response)["items"]]

    def assertProblem(self, response, status, code):
        """Check that the request was refused so, with a sentence and advice, and nothing stored."""
        self.assertEqual((response.status_code, response.json().get("code")), (status, code), response.text)
        self.assertEqual(response.headers["Content-Type"], "application/problem+json")
        problem = response.json()
        self.assertEqual(problem["status"], status)
        self.assertEqual(problem["type"], f"/usage/v1/openapi.json#/x-problems/{code}")
        for part in ("detail", "mend"):
            self.assertTrue(problem[part].endswith("."), problem[part])
            self.assertNotIn("%(", problem[part])
            self.assertNotIn("?", problem[part])
        return problem

    def batches(self, source=None):
        """The batches of a source, newest first."""
        return self.env["usage.batch"].search([("source_id", "=", (source or self.api_source).id)])

    def now(self):
        """The frozen time in whole seconds since 1970."""
        return int((fields.Datetime.now() - fields.Datetime.to_datetime("1970-01-01")).total_seconds())
