from odoo import fields, models

from ..intake import row_cells


class UsageBatch(models.Model):
    _inherit = "usage.batch"

    profile_id = fields.Many2one(
        "usage.profile",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
        help="How the file of this batch was read.",
    )
    columns = fields.Json(readonly=True, help="The column names of the file, in its order.")

    def action_download_file(self):
        """Download the file as it was received."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "download",
        }

    def action_download_refused(self):
        """Download the rows of this batch that are open in suspense, each with its reason."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/usage/batch/{self.id}/refused.xlsx",
            "target": "download",
        }

    def _refused_rows(self):
        """(row number, cells, reason, mend) of the open suspense rows, in file order."""
        self.ensure_one()
        suspense = self.env["usage.suspense"]
        rows = suspense.search([("batch_id", "=", self.id), ("state", "=", "open")], order="row_number, id")
        for row in rows:
            what, mend = suspense._explain(row.reason_code, row.reason_params)
            yield row.row_number, row_cells(row.payload.get("raw")), what, mend
