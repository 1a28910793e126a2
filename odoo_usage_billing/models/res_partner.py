from odoo import api, fields, models
from odoo.exceptions import UserError


class ResPartner(models.Model):
    _inherit = "res.partner"

    usage_subject_count = fields.Integer(compute="_compute_usage_subject_count")

    def _compute_usage_subject_count(self):
        groups = self.env["usage.subject"]._read_group(
            [("partner_id", "child_of", self.ids)], ["partner_id"], ["__count"]
        )
        for partner in self:
            partner.usage_subject_count = sum(
                count for owner, count in groups if owner == partner or owner.parent_id == partner
            )

    def action_view_usage_subjects(self):
        """Open the subjects of this customer."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Subjects"),
            "res_model": "usage.subject",
            "view_mode": "list,kanban,form",
            "domain": [("partner_id", "child_of", self.ids)],
        }

    @api.ondelete(at_uninstall=False)
    def _unlink_except_named_by_usage(self):
        self._keep_named_by_usage()

    def _keep_named_by_usage(self):
        """Refuse that contacts go whom usage events name as end users: events are facts and cannot name another."""
        # As the partial index says it: 0 is nobody.
        query = "SELECT end_user_id FROM usage_bucket WHERE end_user_id = ANY(%s) AND end_user_id <> 0 LIMIT 1"
        self.env.cr.execute(query, (self.ids,))
        for (partner_id,) in self.env.cr.fetchall():
            raise UserError(
                self.env._(
                    "%(contact)s is the end user of usage events, which are facts and keep the name. Archive the "
                    "contact, or merge the other one into it.",
                    contact=self.browse(partner_id).display_name,
                )
            )

    def _usage_group(self):
        """The top of the group of companies: affiliates of one group may share a pool."""
        self.ensure_one()
        top = self
        while top.parent_id:
            top = top.parent_id
        return top
