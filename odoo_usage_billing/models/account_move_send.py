from odoo import api, models

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class AccountMoveSend(models.AbstractModel):
    """A usage invoice is sent with its workbook beside its PDF, whoever sends it."""

    _inherit = "account.move.send"

    @api.model
    def _get_invoice_extra_attachments(self, move):
        return super()._get_invoice_extra_attachments(move) + move.usage_workbook_id

    @api.model
    def _get_placeholder_mail_attachments_data(self, move, invoice_edi_format=None, extra_edis=None, pdf_report=None):
        result = super()._get_placeholder_mail_attachments_data(
            move, invoice_edi_format=invoice_edi_format, extra_edis=extra_edis, pdf_report=pdf_report
        )
        if move._has_usage_workbook() and not move.usage_workbook_id:
            name = move._usage_workbook_name()
            result.append({"id": f"placeholder_{name}", "name": name, "mimetype": XLSX, "placeholder": True})
        return result

    @api.model
    def _link_invoice_documents(self, invoices_data):
        result = super()._link_invoice_documents(invoices_data)
        for move in invoices_data:
            if move._has_usage_workbook() and not move.usage_workbook_id:
                move._make_usage_workbook()
        return result

    @api.model
    def _hook_if_success(self, moves_data, from_cron=False):
        result = super()._hook_if_success(moves_data, from_cron=from_cron)
        self.env["account.move"].union(
            *(move for move, data in moves_data.items() if "manual" not in data["sending_methods"])
        )._usage_note_sent()
        return result
