import json
from pathlib import Path

from odoo import api, models

#: Profiles of public formats and vendors' exports, as files that the import of profiles takes in.
SHIPPED = Path(__file__).resolve().parents[1] / "data" / "profiles"


class UsageProfile(models.Model):
    _inherit = "usage.profile"

    @api.model
    def _ensure_shipped(self):
        """The profiles of data/profiles, shared between companies. One that is there already stays as it is."""
        taking = self.env["usage.profile.import"].new({"company_id": False})
        for path in sorted(SHIPPED.glob("*.json")):
            xml_id = f"odoo_usage_mediation.usage_profile_{path.stem}"
            if self.env.ref(xml_id, raise_if_not_found=False):
                continue
            profile = self.create(taking._values(json.loads(path.read_text(encoding="utf-8"))))
            self.env["ir.model.data"]._update_xmlids([{"xml_id": xml_id, "record": profile, "noupdate": True}])
