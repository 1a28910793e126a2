from odoo import models
from odoo.exceptions import UserError


class BasePartnerMerge(models.TransientModel):
    """Contacts that are one customer: what they used, owe and paid ahead goes along, or it is said why not."""

    _inherit = "base.partner.merge.automatic.wizard"

    def _update_foreign_keys(self, src_partners, dst_partner):
        src_partners._keep_named_by_usage()
        # Whoever may merge customers may move what belongs to them; balances have rights of their own.
        balances = self.env["usage.prepaid.balance"].sudo().with_context(active_test=False)
        self._merge_prepaid(balances, src_partners, dst_partner)
        result = super()._update_foreign_keys(src_partners, dst_partner)
        # Columns were changed beneath the ORM, which did not look at what they must say.
        balances.search([("contract_id.invoice_partner_id", "=", dst_partner.id)])._check_contract()
        return result

    def _merge_prepaid(self, balances, src_partners, dst_partner):
        """Drop balances that never held anything where there are two alike; refuse what cannot be one."""
        found = balances.search([("partner_id", "in", (src_partners + dst_partner).ids)])
        if found.filtered(lambda b: b.partner_id in src_partners) and dst_partner.commercial_partner_id != dst_partner:
            raise UserError(
                self.env._(
                    "%(customer)s is a contact of %(company)s, and prepaid balances belong to companies. Merge into "
                    "the company instead.",
                    customer=dst_partner.display_name,
                    company=dst_partner.commercial_partner_id.display_name,
                )
            )
        for alike in found.grouped(lambda b: (b.company_id, b.currency_id, b.contract_id, b.commitment_id)).values():
            used = alike.filtered(lambda b: b.move_ids or b.grant_ids)
            if len(used) > 1:
                raise UserError(
                    self.env._(
                        "%(customers)s have prepaid balances of their own in %(currency)s, and the movements of a "
                        "balance stay where they are booked. Merge the contacts before they pay ahead, or keep one of "
                        "them as an archived contact.",
                        customers=", ".join(used.partner_id.mapped("display_name")),
                        currency=used.currency_id.name,
                    )
                )
            kept = used or alike.filtered(lambda b: b.partner_id == dst_partner) or alike[:1]
            (alike - kept).unlink()
