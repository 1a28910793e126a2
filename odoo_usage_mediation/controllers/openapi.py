from odoo import http
from odoo.http import request
from odoo.tools import file_open

DOCUMENT = "odoo_usage_mediation/static/openapi/usage-v1.json"


class UsageOpenapi(http.Controller):
    """The description of the HTTP door, for people and for generators of clients."""

    @http.route("/usage/v1/openapi.json", type="http", auth="none", methods=["GET"], save_session=False)
    def document(self, **_parameters):
        """The OpenAPI document. It holds nothing of this database."""
        with file_open(DOCUMENT, "rb") as document:
            return request.make_response(
                document.read(),
                headers=[
                    ("Content-Type", "application/json; charset=utf-8"),
                    ("Cache-Control", "public, max-age=3600"),
                    ("Access-Control-Allow-Origin", "*"),
                ],
            )
