from odoo import api, fields, models


class UsagePreview(models.TransientModel):
    """What the open period of a contract would cost now; nothing is written to the ledger."""

    _name = "usage.preview"
    _description = "Usage Preview"

    contract_id = fields.Many2one("contract.contract", required=True)
    currency_id = fields.Many2one(related="contract_id.currency_id")
    line_ids = fields.One2many("usage.preview.line", "preview_id")
    amount = fields.Monetary(compute="_compute_amount")

    @api.depends("line_ids.amount")
    def _compute_amount(self):
        for preview in self:
            preview.amount = sum(preview.line_ids.mapped("amount"))

    @api.model
    def _of_contract(self, contract):
        """A preview record with a line per component of each open period."""
        lines = []
        for rated in contract._usage_preview():
            section = rated.line._usage_section_name(rated)
            for component, name in zip(rated.charge.components, rated.names, strict=True):
                lines.append(
                    fields.Command.create(
                        {
                            "section": section,
                            "name": name,
                            "quantity": float(component.quantity),
                            "unit_price": float(component.unit_price / component.per),
                            "amount": float(component.amount),
                        }
                    )
                )
        return self.create({"contract_id": contract.id, "line_ids": lines})


class UsagePreviewLine(models.TransientModel):
    """A line of the preview: one component."""

    _name = "usage.preview.line"
    _description = "Usage Preview Line"

    preview_id = fields.Many2one("usage.preview", required=True, ondelete="cascade")
    currency_id = fields.Many2one(related="preview_id.currency_id")
    section = fields.Char()
    name = fields.Char()
    quantity = fields.Float(digits=False, min_display_digits=2)
    unit_price = fields.Float(digits=False, min_display_digits=2)
    amount = fields.Monetary()
