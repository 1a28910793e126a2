import re

from odoo import models
from odoo.http import request

from ..api import RequestRefused
from ..controllers.problems import Problem, problem_of
from .usage_throttle import GUESSES_PER_MINUTE

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
            # A known key is let in however many are guessed beside it: see decision 0038.
            seconds = request.env["usage.throttle"]._take_guess(request.httprequest.remote_addr)
            if seconds:
                refused = RequestRefused("too_many_guesses", limit=GUESSES_PER_MINUTE)
                refused.headers["Retry-After"] = str(seconds)
                raise Problem(request.env, refused)
            raise Problem(request.env, RequestRefused("bad_key"))
        request.update_env(user=user_id)
        request.session.can_save = False
        request.usage_apikey_id = apikey_id

    @classmethod
    def _handle_error(cls, exception):
        if request.httprequest.path.startswith(API_PATH):
            problem = problem_of(exception)
            if request.env.cr.readonly:
                # A method that no route takes: nothing more is read, and the count is written beside.
                request.env.cr.close()
            request.env["usage.request.refusal"]._count(
                problem.problem_code, getattr(request, "usage_source", None), request.httprequest.remote_addr
            )
            return problem.response
        return super()._handle_error(exception)
