import time

from odoo import api, models

from odoo.addons.base.models.res_users import INDEX_SIZE, KEY_CRYPT_CONTEXT

from ..api import KnownKeys
from .usage_ingestion_key import SCOPE

MAX_KEY_CHARS = 200
KNOWN = KnownKeys(KEY_CRYPT_CONTEXT.verify, time.monotonic)


class ResUsersApikeys(models.Model):
    _inherit = "res.users.apikeys"

    @api.model
    def _of_usage_key(self, key):
        """The API key (record, sudo) that `key` is, if it is one for sending usage; else none."""
        return self.sudo().browse(self._usage_key_and_owner(key)[0] or ())

    @api.model
    def _usage_key_and_owner(self, key):
        """(id of the API key, id of its owner) that `key` is, if it is one for sending usage; else (0, 0).

        Stricter than `_check_credentials`: exactly our scope, never a general key, never without
        an end. The owner must be active.
        """
        if not key or len(key) > MAX_KEY_CHARS or not key.isascii():
            return 0, 0
        self.env.cr.execute(
            "SELECT k.id, k.user_id, k.key FROM res_users_apikeys k JOIN res_users u ON u.id = k.user_id"
            " WHERE u.active AND k.index = %s AND k.scope = %s"
            "   AND k.expiration_date >= now() AT TIME ZONE 'utc'",
            (key[:INDEX_SIZE], SCOPE),
        )
        for key_id, user_id, known in self.env.cr.fetchall():
            if KNOWN.fits(key, known):
                return key_id, user_id
        return 0, 0
