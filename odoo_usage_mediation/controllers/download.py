import io
import json

from odoo import http
from odoo.http import content_disposition, request

from ..sheets import write_annotated

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UsageDownload(http.Controller):
    """Files that people download. Each route reads as the user: access rules decide."""

    @http.route(
        "/usage/upload/<int:upload_id>/refused.xlsx",
        type="http",
        auth="user",
        readonly=True,
    )
    def upload_refused(self, upload_id):
        """The refused rows of an upload, with what is wrong and what to do."""
        upload = self._record("usage.upload", upload_id)
        columns, rows = upload._refused()
        return self._annotated(columns, rows, upload.file_name)

    @http.route(
        "/usage/batch/<int:batch_id>/refused.xlsx",
        type="http",
        auth="user",
        readonly=True,
    )
    def batch_refused(self, batch_id):
        """The rows of a batch that are open in suspense, with what is wrong and what to do."""
        batch = self._record("usage.batch", batch_id)
        return self._annotated(batch.columns or [], batch._refused_rows(), batch.name)

    @http.route(
        "/usage/template/<int:template_id>.xlsx",
        type="http",
        auth="user",
        readonly=True,
    )
    def template(self, template_id):
        """The workbook to fill in."""
        template = self._record("usage.template", template_id)
        target = io.BytesIO()
        template._write(target)
        return self._file(target.getvalue(), XLSX, template._file_name())

    @http.route(
        "/usage/profile/<int:profile_id>/export",
        type="http",
        auth="user",
        readonly=True,
    )
    def profile(self, profile_id):
        """A profile as a file, for another database."""
        profile = self._record("usage.profile", profile_id)
        data = json.dumps(profile._export_data(), indent=2, ensure_ascii=False)
        name = f"{profile.name} v{profile.version}.json"
        return self._file(data.encode(), "application/json", name)

    def _record(self, model, record_id):
        record = request.env[model].browse(record_id)
        record.check_access("read")
        if not record.exists():
            raise request.not_found()
        return record

    def _annotated(self, columns, rows, name):
        env = request.env
        titles = (env._("Row"), env._("Reason"), env._("What to do"))
        if not columns:
            rows = list(rows)
            widest = max((len(cells) for _row, cells, _what, _mend in rows), default=0)
            columns = [env._("Column %s", place + 1) for place in range(widest)]
        target = io.BytesIO()
        write_annotated(target, columns, rows, titles)
        stem = (name or "").rpartition(".")[0] or name or env._("usage")
        return self._file(target.getvalue(), XLSX, env._("%s - refused rows.xlsx", stem))

    def _file(self, data, content_type, name):
        return request.make_response(
            data,
            headers=[
                ("Content-Type", content_type),
                ("Content-Disposition", content_disposition(name)),
                ("Content-Length", str(len(data))),
                ("X-Content-Type-Options", "nosniff"),
            ],
        )
