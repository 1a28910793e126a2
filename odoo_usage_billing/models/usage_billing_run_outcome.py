from odoo import Command, api, fields, models

from ..invoicing import rehearsal


class UsageBillingRun(models.Model):
    """What a run did, beside its preview; and the ways to look at the preview."""

    _inherit = "usage.billing.run"

    unsent_count = fields.Integer(compute="_compute_unsent_count", compute_sudo=True, string="Not Sent")

    @api.depends("line_ids.move_ids.usage_send_state")
    def _compute_unsent_count(self):
        for run in self:
            moves = run.line_ids.move_ids
            run.unsent_count = len(moves.filtered(lambda move: move.usage_send_state in ("waiting", "failed")))

    def action_view_unsent(self):
        """Open the invoices that are to be sent and are not."""
        action = self.action_view_invoices()
        return {**action, "context": {**action["context"], "search_default_usage_not_sent": 1}}

    def _invoice(self, lines):
        result = super()._invoice(lines)
        if self.preview_state:
            self._compare_preview(lines.filtered("move_ids"))
        return result

    def _compare_preview(self, lines):
        """Note beside the preview of these contracts what their invoices say; what was not foreseen gets a row."""
        self.env["account.move.line"].flush_model()
        owners = lines.contract_id
        done = rehearsal.invoiced(self.env, lines.move_ids.ids)
        rows = self.env["usage.run.preview"].search([("run_id", "=", self.id), ("contract_id", "in", owners.ids)])
        rows.filtered(lambda row: row.finding == "unforeseen").unlink()
        rows = rows.exists().filtered("line_ids")
        for line in rows.line_ids:
            key = rehearsal.Key(line.contract_line_id.id, line.kind, line.date_start or None, line.date_end or None)
            amount = float(done.pop(key, 0))
            same = line.currency_id.compare_amounts(amount, line.amount) == 0
            line.write({"amount_invoiced": amount, "outcome": "same" if same else "differs"})
        for row in rows:
            other = row.line_ids.filtered(lambda line: line.outcome != "same")
            amount = sum(row.line_ids.mapped("amount_invoiced"))
            row.write({"amount_invoiced": amount, "outcome": "differs" if other else "same"})
        self._note_unforeseen(owners, done)

    def _note_unforeseen(self, owners, done):
        """A row per contract for what the run invoiced and the preview did not know."""
        lines = self.env["contract.line"].browse({key.line_id for key in done})
        for contract, group in lines.filtered(lambda line: line.contract_id in owners).grouped("contract_id").items():
            self.env["usage.run.preview"].create(
                {
                    "run_id": self.id,
                    "contract_id": contract.id,
                    "currency_id": contract.currency_id.id,
                    "finding": "unforeseen",
                    "outcome": "unforeseen",
                    "amount_invoiced": float(sum(amount for key, amount in done.items() if key.line_id in group.ids)),
                    "line_ids": [
                        Command.create(
                            {**self._key_vals(key), "amount_invoiced": float(amount), "outcome": "unforeseen"}
                        )
                        for key, amount in done.items()
                        if key.line_id in group.ids
                    ],
                }
            )

    def _finish_if_complete(self):
        result = super()._finish_if_complete()
        for run in self.filtered(lambda run: run.state == "done" and run.preview_state):
            run._note_not_invoiced()
        return result

    def _note_not_invoiced(self):
        """Rows that the run made nothing of: as previewed where it would have been held or failed."""
        silent = self.preview_ids.filtered(lambda row: not row.outcome)
        foreseen = {
            line.contract_id: {"held": "held", "failed": "failed"}.get(line.state, "") for line in self.line_ids
        }
        as_said = silent.filtered(lambda row: row.finding == foreseen.get(row.contract_id, "-"))
        as_said.write({"outcome": "same"})
        (silent - as_said).write({"outcome": "not_invoiced"})

    # -- looking -----------------------------------------------------------

    def action_view_preview(self):
        """Open the preview of this run, outliers first."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_run_preview_action")
        return {
            **action,
            "domain": [("run_id", "=", self.id)],
            "context": {"usage_run_id": self.id, "usage_run_is_draft": self.state == "draft"},
            "display_name": self.env._("Preview of %s", self.name),
        }

    def action_view_preview_differences(self):
        """Open what came out otherwise than it was previewed."""
        action = self.action_view_preview()
        return {**action, "context": {**action["context"], "search_default_other": 1}}

    def action_view_preview_lines(self):
        """Open the lines of the preview, to group and count them."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id("odoo_usage_billing.usage_run_preview_line_action")
        return {**action, "domain": [("run_id", "=", self.id)]}

    def action_preview_workbook(self):
        """Download the preview as a workbook."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self._name}/{self.id}/preview_workbook/preview-{self.date_ref}.xlsx?download=true",
            "target": "self",
        }
