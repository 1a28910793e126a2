import gzip
import json
import re
from unittest.mock import patch

from odoo.exceptions import ConcurrencyError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.odoo_usage_billing.store.writer import UsageWriter
from odoo.addons.odoo_usage_mediation.api.native import ATTRIBUTES
from odoo.addons.odoo_usage_mediation.api.negotiate import KINDS
from odoo.addons.odoo_usage_mediation.controllers.problem_texts import PROBLEMS

from .api_common import URL, ApiCommon
from .common import NOW

TYPES = {"string": str, "integer": int, "number": (int, float), "object": dict, "array": list, "boolean": bool}


@tagged("post_install", "-at_install")
@freeze_time(NOW)
class TestApiOpenapi(ApiCommon):
    """The document says what the door does, and the door does what the document says."""

    def setUp(self):
        super().setUp()
        self.document = self.url_open("/usage/v1/openapi.json").json()
        self.operation = self.document["paths"][URL]["post"]

    def resolve(self, node):
        while "$ref" in node:
            found = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            node = found
        return node

    def mistakes(self, value, schema, place="$"):
        """What of a value the schema does not allow: the parts of JSON Schema that the document uses."""
        schema = self.resolve(schema)
        if "oneOf" in schema:
            tries = [self.mistakes(value, option, place) for option in schema["oneOf"]]
            return [] if [] in tries else tries[0]
        kinds = schema.get("type", [])
        kinds = [kinds] if isinstance(kinds, str) else kinds
        fits = [kind for kind in kinds if (value is None if kind == "null" else isinstance(value, TYPES[kind]))]
        if kinds and not fits:
            return [f"{place} is no {kinds}"]
        found = [f"{place} is not in {schema['enum']}"] if "enum" in schema and value not in schema["enum"] else []
        if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
            found.append(f"{place} does not match")
        if isinstance(value, list):
            items = [self.mistakes(item, schema.get("items", {}), f"{place}[{n}]") for n, item in enumerate(value)]
            found += sum(items, [])
        if isinstance(value, dict):
            found += self.mistakes_of_object(value, schema, place)
        return found

    def mistakes_of_object(self, value, schema, place):
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        found = [f"{place}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, item in value.items():
            if name not in known and more is False:
                found.append(f"{place}.{name} is not known")
            elif name in known or isinstance(more, dict):
                found += self.mistakes(item, known.get(name, more), f"{place}.{name}")
        return found

    def test_the_document_is_whole(self):
        document = self.document
        self.assertRegex(document["openapi"], r"^3\.1\.\d$")
        self.assertTrue(document["info"]["title"] and document["info"]["version"])
        seen = []

        def walk(node):
            if isinstance(node, dict):
                if "$ref" in node:
                    seen.append(self.resolve(node))
                for child in node.values():
                    walk(child)
            elif isinstance(node, list):
                for child in node:
                    walk(child)

        walk(document)
        self.assertGreater(len(seen), 10)
        for path, operations in document["paths"].items():
            self.assertTrue(path.startswith("/"))
            for operation in operations.values():
                self.assertTrue(operation["operationId"] and operation["summary"])
                for response in operation["responses"].values():
                    self.assertTrue(self.resolve(response)["description"])

    def test_it_needs_no_key_and_tells_nothing_of_this_database(self):
        response = self.url_open("/usage/v1/openapi.json")
        self.assertEqual(response.status_code, 200)
        self.assertNotIn(self.env.cr.dbname, response.text)
        self.assertNotIn("session_id", response.headers.get("Set-Cookie", ""))

    def test_problems_and_types_are_those_of_the_code(self):
        told = {
            code: (told["status"], told["detail"], told["mend"]) for code, told in self.document["x-problems"].items()
        }
        code = {code: (status, what._source, mend._source) for code, (status, what, mend) in PROBLEMS.items()}
        self.assertEqual(told, code)
        schemas = self.document["components"]["schemas"]
        self.assertEqual(schemas["Problem"]["properties"]["code"]["enum"], sorted(PROBLEMS))
        self.assertEqual(set(self.operation["requestBody"]["content"]), set(KINDS))
        self.assertEqual(set(schemas["Event"]["properties"]), ATTRIBUTES)

    def test_the_examples_are_accepted(self):
        for content_type, told in self.operation["requestBody"]["content"].items():
            example, schema = told["example"], told["schema"]
            self.assertFalse(self.mistakes(example, schema))
            body = example.encode() if isinstance(example, str) else example
            answer = self.answered(self.post(body, content_type))
            self.assertIn(answer["items"][0]["status"], ("accepted", "duplicate"), content_type)

    def test_answers_are_as_described(self):
        schema = self.operation["responses"]["200"]["content"]["application/json"]["schema"]
        events = [self.event(), self.event(), self.event(2, subject="NOBODY"), self.event(quantity="9"), 5]
        answer = self.answered(self.post(events))
        self.assertFalse(self.mistakes(answer, schema))
        self.assertEqual(
            {item["status"] for item in answer["items"]}, {"accepted", "duplicate", "suspended", "conflict"}
        )
        totals = answer["totals"]
        self.assertEqual(
            totals["received"],
            totals["accepted"] + totals["duplicate"] + totals["suspended"] + totals["filtered"],
        )

    def provoke(self):
        """{documented status: a response that has it}."""
        good = self.event()
        found = {"200": self.post(good), "400": self.post(b"oops"), "401": self.post(good, key="0" * 40)}
        found["403"] = self.post(good, Usage_Source="other")
        found["413"] = self.post(gzip.compress(b" " * 9_000_000), Content_Encoding="gzip")
        found["415"] = self.post(b"a,b", "text/csv")
        found["405"] = self.url_open(URL)
        with patch.object(UsageWriter, "write", side_effect=ZeroDivisionError):
            found["500"] = self.post(good)
        with (
            patch.object(UsageWriter, "write", side_effect=ConcurrencyError("busy")),
            patch("odoo.service.model.time.sleep"),
        ):
            found["503"] = self.post(good)
        self.api_source.http_requests_per_minute = 1
        self.post(good)
        found["429"] = self.post(good)
        return found

    def test_each_documented_status_is_given_as_described(self):
        with mute_logger("odoo.http", "odoo.service.model"):
            given = self.provoke()
        documented = {}
        for operation in self.document["paths"][URL].values():
            documented |= operation["responses"]
        self.assertEqual(set(given), set(documented))
        for status, response in given.items():
            with self.subTest(status=status):
                self.assertEqual(str(response.status_code), status, response.text)
                told = self.resolve(documented[status])
                (content_type, content), *_more = told["content"].items()
                self.assertTrue(response.headers["Content-Type"].startswith(content_type))
                self.assertFalse(self.mistakes(json.loads(response.text), content["schema"]))
                for header, how in told.get("headers", {}).items():
                    if how.get("required", True):
                        self.assertIn(header, response.headers)
