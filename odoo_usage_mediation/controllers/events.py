import time

from odoo import fields, http
from odoo.http import request

from odoo.addons.odoo_usage_billing.store.pause import collector_paused

from ..api import (
    BINARY,
    SIGNATURE_HEADER,
    RequestRefused,
    accepted_encoding,
    check_shape,
    check_signature,
    document,
    negotiate,
    outcomes,
    structured,
    unpack,
)
from ..intake.reading import MEGABYTE
from ..models.usage_ingestion_key import GROUP
from ..models.usage_source_api import MAX_HTTP_MEGABYTES
from ..parsing import FileRefused
from .problems import Problem
from .reading import RequestIntake

SOURCE_HEADER = "Usage-Source"
# So many items are in memory as records at once; the body and the answers are as long as they are.
CHUNK_ITEMS = 10_000
ANSWER_HEADERS = [("Content-Type", "application/json; charset=utf-8"), ("Cache-Control", "no-store")]
OTHER_METHODS = ["GET", "HEAD", "PUT", "PATCH", "DELETE"]


class UsageEvents(http.Controller):
    """The HTTP door for usage. A request is one batch and one transaction; see `api/README.md`."""

    @http.route(
        "/usage/v1/events",
        type="http",
        auth="usage_key",
        methods=["POST"],
        csrf=False,
        readonly=False,
        save_session=False,
        max_content_length=MAX_HTTP_MEGABYTES * MEGABYTE,
    )
    def receive(self, **_parameters):
        """Store what the request holds and say what became of each item."""
        try:
            return self._receive(request.httprequest)
        except (RequestRefused, FileRefused) as refused:
            # Raised on: the transaction is undone.
            raise Problem(request.env, refused) from refused

    @http.route(
        "/usage/v1/events",
        type="http",
        auth="none",
        methods=OTHER_METHODS,
        csrf=False,
        save_session=False,
    )
    def wrong_method(self, **_parameters):
        """Say that usage is sent with POST."""
        raise Problem(None, RequestRefused("wrong_method"))

    def _receive(self, sent):
        source = self._source(sent)
        self._keep_pace(source)
        kind = negotiate(sent.mimetype, sent.mimetype_params.get("charset"), sent.headers)
        encoding = accepted_encoding(sent.headers.get("Content-Encoding"))
        body = self._body(sent, source)
        if source.http_is_signed:
            check_signature(source._http_secrets(), sent.headers.get(SIGNATURE_HEADER), body, int(time.time()))
        content = unpack(body, encoding, source.http_max_megabytes * MEGABYTE)
        check_shape(kind, content)
        if kind == BINARY:
            content = structured(sent.headers.items(), content)
        return self._store(source, kind, content)

    def _source(self, sent):
        """The source (sudo) that the key opens, if the request may use it."""
        user = request.env.user
        # A service user reads nothing: what its key may do is decided here, once.
        source = request.env["usage.ingestion.key"].sudo()._source_of(request.usage_apikey_id)
        wanted = sent.headers.get(SOURCE_HEADER) or sent.args.get("source")
        if not source:
            raise RequestRefused("unbound_key")
        request.usage_source = source.id, source.code
        if not user.has_group(GROUP):
            raise RequestRefused("no_ingestion_user")
        if wanted and wanted != source.code:
            raise RequestRefused("other_source")
        if source.company_id.id not in user._get_company_ids():
            raise RequestRefused("other_company")
        if not source.active or not source.http_enabled:
            raise RequestRefused("closed_source")
        return source.with_context(allowed_company_ids=source.company_id.ids, tracking_disable=True)

    def _keep_pace(self, source):
        """Count the request once, also when its transaction is run again."""
        if getattr(request, "usage_paced", False):
            return
        seconds = request.env["usage.throttle"]._take(source)
        if seconds:
            limit = source.http_requests_per_minute
            raise RequestRefused("too_fast", limit=limit, headers={"Retry-After": str(seconds)})
        request.usage_paced = True

    def _body(self, sent, source):
        """The body as it was sent. Kept by the request, so that it is there when it is run again."""
        limit = source.http_max_megabytes * MEGABYTE
        if (sent.content_length or 0) > limit:
            raise RequestRefused("too_large", limit=limit)
        body = sent.get_data()
        if len(body) > limit:
            raise RequestRefused("too_large", limit=limit)
        if not body and not sent.headers.get("ce-id"):
            raise RequestRefused("empty_file")
        return body

    @collector_paused()
    def _store(self, source, kind, content):
        """Store the items of the content as one batch and answer for each."""
        env = source.env
        intake = RequestIntake(source, kind, content, {"received_at": str(int(time.time()))})
        batch = env["usage.batch"].create(
            {
                "name": env._("Request of %s UTC", fields.Datetime.to_string(fields.Datetime.now())),
                "source_id": source.id,
                "profile_id": source.profile_id.id if intake.own_profile else False,
                "checksum": intake.digest,
            }
        )
        explain = self._explainer(env)
        answers = []
        for chunk in intake.chunks(CHUNK_ITEMS):
            results = batch._store(chunk.records, chunk.refusals, len(chunk.filtered))
            answers += outcomes(chunk, results, explain)
        return request.make_response(document(batch.id, answers), ANSWER_HEADERS)

    def _explainer(self, env):
        suspense = env["usage.suspense"]
        sentences = suspense._reason_sentences()
        return lambda code, params: suspense._phrase(code, params, sentences)
