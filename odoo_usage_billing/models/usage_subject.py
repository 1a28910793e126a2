from odoo import api, fields, models

SUBJECT_TYPES = [
    ("asset", "Asset"),
    ("device", "Device"),
    ("number", "Phone number"),
    ("seat", "Seat"),
    ("room", "Room"),
    ("other", "Other"),
]


class UsageSubject(models.Model):
    """What is metered: an asset, device, phone number, seat or room."""

    _name = "usage.subject"
    _description = "Usage Subject"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "code, id"
    _rec_names_search = ["code", "name", "location"]
    _check_company_auto = True

    code = fields.Char(
        string="Serial",
        required=True,
        index=True,
        tracking=True,
        help="Serial or number under which usage arrives.",
    )
    name = fields.Char(required=True, compute="_compute_name", store=True, readonly=False, precompute=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", required=True, default=lambda self: self.env.company)
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        check_company=True,
    )
    end_user_id = fields.Many2one(
        "res.partner",
        string="End User",
        tracking=True,
        help="The person to whom usage is attributed when the assignment names nobody.",
    )
    subject_type = fields.Selection(SUBJECT_TYPES, string="Type", tracking=True)
    product_id = fields.Many2one("product.product", check_company=True)
    asset_ref = fields.Char(
        string="Asset Reference", help="Number of the lot or asset in your own books, where there is one."
    )
    location = fields.Char(tracking=True)
    identity_ids = fields.One2many("usage.subject.identity", "subject_id", string="Other Identities")
    assignment_ids = fields.One2many("usage.assignment", "subject_id")
    contract_line_id = fields.Many2one(
        "contract.line", compute="_compute_contract_line_id", string="Current Contract Line"
    )
    assignment_count = fields.Integer(compute="_compute_assignment_count")
    open_suspense_count = fields.Integer(string="In Suspense", compute="_compute_open_suspense_count")
    note = fields.Text()

    _code_company_unique = models.Constraint(
        "UNIQUE (company_id, code)",
        "This serial is registered in the company already. Open the existing subject instead.",
    )

    @api.depends("code")
    def _compute_name(self):
        for subject in self:
            subject.name = subject.name or subject.code

    @api.depends("assignment_ids.contract_line_id")
    def _compute_partner_id(self):
        for subject in self:
            line = subject.assignment_ids[-1:].contract_line_id
            subject.partner_id = line.contract_id.partner_id or subject.partner_id

    @api.depends("assignment_ids.start_at", "assignment_ids.end_at")
    def _compute_contract_line_id(self):
        now = fields.Datetime.now()
        for subject in self:
            current = subject.assignment_ids.filtered(lambda a: a.start_at <= now and (not a.end_at or now < a.end_at))
            subject.contract_line_id = current[:1].contract_line_id

    @api.depends("assignment_ids")
    def _compute_assignment_count(self):
        for subject in self:
            subject.assignment_count = len(subject.assignment_ids)

    @api.depends("code", "identity_ids.identity")
    def _compute_open_suspense_count(self):
        for subject in self:
            subject.open_suspense_count = self.env["usage.suspense"].search_count(subject._suspense_domain())

    def _suspense_domain(self):
        names = [self.code, *self.identity_ids.mapped("identity")]
        return [
            ("company_id", "=", self.company_id.id),
            ("subject_code", "in", names),
            ("state", "=", "open"),
        ]

    @api.depends("code", "name")
    def _compute_display_name(self):
        for subject in self:
            named = subject.name and subject.name != subject.code
            subject.display_name = f"{subject.code} {subject.name}" if named else subject.code

    def action_view_events(self):
        """Open the events of these subjects, newest first."""
        return self.env["usage.event"]._action_of([("subject_id", "in", self.ids)])

    def action_view_suspense(self):
        """Open what waits in suspense under the names of this subject."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Suspense"),
            "res_model": "usage.suspense",
            "view_mode": "list,kanban,form",
            "domain": self._suspense_domain(),
        }

    def action_view_assignments(self):
        """Open who had these subjects, and when."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Assignments"),
            "res_model": "usage.assignment",
            "view_mode": "list,kanban,form",
            "domain": [("subject_id", "in", self.ids)],
        }
