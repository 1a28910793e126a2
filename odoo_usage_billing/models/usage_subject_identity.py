from odoo import fields, models


class UsageSubjectIdentity(models.Model):
    """Another name under which a source knows a subject."""

    _name = "usage.subject.identity"
    _description = "Usage Subject Identity"
    _rec_name = "identity"
    _order = "identity, id"

    identity = fields.Char(required=True, index=True)
    subject_id = fields.Many2one("usage.subject", required=True, ondelete="cascade")
    source_id = fields.Many2one("usage.source", help="Leave empty when every source uses this name.")
    company_id = fields.Many2one(related="subject_id.company_id", store=True)
    active = fields.Boolean(default=True)

    _identity_unique = models.UniqueIndex(
        "(company_id, identity, COALESCE(source_id, 0)) WHERE active",
        "This identity names a subject of the company already.",
    )
