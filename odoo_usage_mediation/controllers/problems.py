"""What is wrong with a request, as the sender reads it: RFC 9457 problems with what, why and what to do."""

import json
import logging
from http import HTTPStatus
from typing import NamedTuple

import psycopg2
from werkzeug.exceptions import HTTPException

from odoo.exceptions import ConcurrencyError, LockError
from odoo.http import Response

from ..api import RequestRefused
from ..parsing import FileRefused
from ..reasons.explain import fill
from .problem_texts import PROBLEMS

PROBLEM_TYPE = "application/problem+json"
# Where each code is described: a pointer into the document that the addon serves.
TYPE_BASE = "/usage/v1/openapi.json#/x-problems/"
BUSY_SECONDS = 5
CONTENTION = (
    psycopg2.errors.LockNotAvailable,
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    ConcurrencyError,
    LockError,
)
HEADERS = {401: {"WWW-Authenticate": 'Bearer realm="usage"'}, 405: {"Allow": "POST"}}
BY_STATUS = {400: "bad_request", 401: "bad_key", 403: "forbidden", 404: "not_found", 405: "wrong_method"}
BY_STATUS |= {413: "too_large_by_far", 415: "wrong_type"}


class Told(NamedTuple):
    """A problem in words."""

    status: int
    title: str
    detail: str
    mend: str


def tell(env, code, params):
    """The problem of a code in words; without `env` in English, so that it works when nothing else does."""
    status, what, mend = PROBLEMS[code]
    phrase = env._ if env is not None else lambda text: text._source
    return Told(status, HTTPStatus(status).phrase, fill(phrase(what), params), fill(phrase(mend), params))


class Problem(HTTPException):
    """Ends a request with a problem; raised, so that nothing of the request is stored."""

    def __init__(self, env, refused):
        """`refused`: a RequestRefused or a FileRefused."""
        told = tell(env, refused.code, refused.params)
        self.code = told.status
        self.problem_code = refused.code
        body = {
            "type": TYPE_BASE + refused.code,
            "title": told.title,
            "status": told.status,
            "code": refused.code,
            "detail": told.detail,
            "mend": told.mend,
        }
        headers = HEADERS.get(told.status, {}) | getattr(refused, "headers", {})
        response = Response(json.dumps(body, ensure_ascii=False), status=told.status, content_type=PROBLEM_TYPE)
        response.headers.update({"Cache-Control": "no-store", **headers})
        super().__init__(told.detail, response)


def problem_of(exception):
    """The problem that an exception which ended a request of this API is."""
    if isinstance(exception, Problem):
        return exception
    if isinstance(exception, CONTENTION):
        # Five tries by the framework failed: others hold the same contracts. Nothing is stored.
        exception.loglevel = logging.WARNING
        refused = RequestRefused("busy", headers={"Retry-After": str(BUSY_SECONDS)})
    elif isinstance(exception, RequestRefused | FileRefused):
        refused = exception
    else:
        status = getattr(exception, "code", None) or getattr(exception, "http_status", None)
        refused = RequestRefused(BY_STATUS.get(status, "internal"))
    return Problem(None, refused)
