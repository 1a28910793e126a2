from odoo import api, models

from ..reasons import ROW_SENTENCES, explain_row


class UsageSuspense(models.Model):
    _inherit = "usage.suspense"

    @api.model
    def _reason_sentences(self):
        return {**ROW_SENTENCES, **super()._reason_sentences()}

    @api.model
    def _explain(self, code, params, sentences=None):
        """(what happened, what to do) of a reason, in the user's language."""
        return explain_row(self.env, code, params, sentences or self._reason_sentences())

    @api.model
    def _phrase(self, code, params, sentences=None):
        what, mend = self._explain(code, params, sentences)
        return f"{what} {mend}".strip()
