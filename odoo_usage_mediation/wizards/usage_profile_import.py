import base64
import json

from odoo import Command, fields, models
from odoo.exceptions import UserError

from ..intake import COLUMN_SETTINGS, SETTINGS
from ..models.usage_profile import check_storable

MAX_BYTES = 1_000_000
MAX_NAME_CHARS = 200


class UsageProfileImport(models.TransientModel):
    """Take in a profile that was exported elsewhere. Its content is data and is validated."""

    _name = "usage.profile.import"
    _description = "Import Usage Profile"

    file = fields.Binary(required=True, attachment=False)
    file_name = fields.Char()
    company_id = fields.Many2one(
        "res.company",
        default=lambda self: self.env.company,
        help="Leave empty to share the profile between companies.",
    )

    def action_import(self):
        """Create the profile and open it."""
        self.ensure_one()
        data = self._read()
        profile = self.env["usage.profile"].create(self._values(data))
        return profile._open()

    def _read(self):
        content = base64.b64decode(self.with_context(bin_size=False).file)
        if len(content) > MAX_BYTES:
            raise UserError(self.env._("The file is larger than 1 MB: it is not a usage profile."))
        try:
            data = json.loads(content)
            check_storable(data)
        except (ValueError, RecursionError) as error:
            raise UserError(
                self.env._(
                    "The file is not JSON: %(error)s. Choose a profile that was exported here or in another database.",
                    error=error,
                )
            ) from error
        if isinstance(data, dict) and "measures" in data:
            data = {"definition": data}
        if not isinstance(data, dict) or not isinstance(data.get("definition"), dict):
            raise UserError(
                self.env._(
                    "The file has no definition, so it is not a usage profile. Choose a "
                    "profile that was exported here or in another database."
                )
            )
        return data

    def _values(self, data):
        name = data.get("name") or (self.file_name or "").removesuffix(".json")
        return {
            "name": self._free_name(str(name)[:MAX_NAME_CHARS] or self.env._("Imported profile")),
            "company_id": self.company_id.id,
            "description": str(data.get("description") or ""),
            **(self._form_values(data) or self._json_values(data["definition"])),
        }

    def _json_values(self, definition):
        known = dict(self.env["usage.profile"]._fields["format"].selection)
        file_format = definition.get("format")
        return {
            "is_advanced": True,
            "definition": definition,
            "format": file_format if file_format in known else "csv",
        }

    def _form_values(self, data):
        """The settings of the form, when the file has them and they say what its definition says."""
        settings, columns = data.get("settings"), data.get("columns")
        if not isinstance(settings, dict) or not isinstance(columns, list):
            return None
        profile, column = self.env["usage.profile"], self.env["usage.profile.column"]
        settings = _known(profile, settings, SETTINGS)
        columns = [_known(column, values, COLUMN_SETTINGS) for values in columns]
        if settings is None or None in columns:
            return None
        draft = {
            **settings,
            "column_ids": [
                Command.create({"sequence": place, **values}) for place, values in enumerate(columns, start=1)
            ],
        }
        same = profile.new({"name": "draft", **draft}).definition == data["definition"]
        return draft if same else None

    def _free_name(self, name):
        profiles = self.env["usage.profile"].with_context(active_test=False)
        taken = set(
            profiles.search([("name", "=like", f"{name}%"), ("company_id", "=", self.company_id.id)]).mapped("name")
        )
        free, number = name, 2
        while free in taken:
            free, number = f"{name} ({number})", number + 1
        return free


def _known(model, values, names):
    """`values` as `model` takes them, or None when one of them is not of its field's kind."""
    if not isinstance(values, dict):
        return None
    taken = {}
    for name in names:
        field, value = model._fields[name], values.get(name)
        if field.type == "selection" and value:
            sound = value in field.get_values(model.env)
        elif field.type in ("integer", "boolean"):
            sound = isinstance(value, int)
        else:
            sound = value is None or isinstance(value, str)
        if not sound:
            return None
        taken[name] = value if field.type in ("integer", "boolean") else value or False
    return taken
