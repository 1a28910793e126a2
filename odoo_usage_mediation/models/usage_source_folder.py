import time

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import config

from ..folder import OutsideRoot, claim, complete_names, folder_below

ROOT_OPTION = "usage_folder_root"


class UsageSource(models.Model):
    """A source may be a folder that files are put into, by an SFTP server or by hand."""

    _inherit = "usage.source"

    transport = fields.Selection(selection_add=[("folder", "Watched folder")], ondelete={"folder": "set default"})
    folder_path = fields.Char(
        string="Folder",
        tracking=True,
        help="Below the directory that the server's configuration names as usage_folder_root, such as acme/meters.",
    )
    folder_complete = fields.Selection(
        [("quiet", "It did not change for a while"), ("marker", "A .done or .ready file lies beside it")],
        string="A File is Complete When",
        required=True,
        default="quiet",
    )
    folder_quiet_seconds = fields.Integer(string="Unchanged for (seconds)", required=True, default=60)
    folder_problem = fields.Char(string="Folder Problem", readonly=True, copy=False)
    folder_file_ids = fields.One2many("usage.folder.file", "source_id", string="Files")

    _folder_path_unique = models.UniqueIndex(
        "(folder_path) WHERE transport = 'folder' AND active",
        "Another source watches this folder. Give each source a folder of its own.",
    )
    _folder_quiet_positive = models.Constraint(
        "CHECK (folder_quiet_seconds > 0)",
        "A file must be unchanged for at least one second before it is read.",
    )

    @api.constrains("transport", "folder_path", "profile_id")
    def _check_folder(self):
        for source in self.filtered(lambda s: s.transport == "folder"):
            if not source.profile_id:
                raise ValidationError(
                    self.env._(
                        "%(name)s reads files, so it needs a profile that says how. Choose one.", name=source.name
                    )
                )
            source._folder()

    def _folder(self):
        """The real path of this source's folder, which lies below the root of the configuration."""
        self.ensure_one()
        root = config.get(ROOT_OPTION)
        if not root:
            raise ValidationError(
                self.env._(
                    "No folder can be watched: the server's configuration has no usage_folder_root. "
                    "Ask whoever runs the server to set it."
                )
            )
        try:
            return folder_below(root, self.folder_path or "")
        except OutsideRoot:
            raise ValidationError(
                self.env._(
                    "%(path)s is not a folder below the one that may be watched. Use names separated by /, "
                    "without a leading one and without dots.",
                    path=self.folder_path or self.env._("(empty)"),
                )
            ) from None

    def write(self, vals):
        if "profile_id" in vals:
            reading = self.filtered(lambda s: s.profile_id.id != vals["profile_id"]).folder_file_ids
            if reading.filtered(lambda f: f.state == "reading"):
                raise UserError(
                    self.env._("A file of this source is being read. Change the profile when that file is done.")
                )
        return super().write(vals)

    def _claim_files(self):
        """Move complete files to work/ and make their rows; a problem with the folder is kept for people."""
        try:
            folder = self._folder()
            names = complete_names(
                folder, self.folder_quiet_seconds, time.time(), by_marker=self.folder_complete == "marker"
            )
            for name in names:
                claim(folder, name)
            self.env["usage.folder.file"]._adopt(self, folder)
            self.folder_problem = False
        except (OSError, OutsideRoot, ValidationError) as error:
            self.folder_problem = str(error)[:300]

    def action_view_folder_files(self):
        """Open the files of this folder."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Files"),
            "res_model": "usage.folder.file",
            "view_mode": "list,kanban,form",
            "domain": [("source_id", "=", self.id)],
        }
