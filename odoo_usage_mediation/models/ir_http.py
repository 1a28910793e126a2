import re

from odoo import models
from odoo.http import request

from ..api import RequestRefused
from ..controllers.problems import Problem, problem_of

BEARER = re.compile(r"bearer\s+(\S+)\s*", re.IGNORECASE)
API_PATH = "/usage/v1/"


class IrHttp(models.AbstractModel):
    _inherit = "ir.http"

    @classmethod
    def _auth_method_usage_key(cls):
        """Become the service user of an ingestion key. Sessions and general API keys do not count."""
        given = BEARER.fullmatch(request.httprequest.headers.get("Authorization", ""))
        if not given:
            raise Problem(request.env, RequestRefused("missing_key"))
        apikey_id, user_id = request.env["res.users.apikeys"]._usage_key_and_owner(given.group(1))
        if not apikey_id:
            raise Problem(request.env, RequestRefused("bad_key"))
        request.update_env(user=user_id)
        request.session.can_save = False
        request.usage_apikey_id = apikey_id

    @classmethod
    def _handle_error(cls, exception):
        if request.httprequest.path.startswith(API_PATH):
            return problem_of(exception)
        return super()._handle_error(exception)
