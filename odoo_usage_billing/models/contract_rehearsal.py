from contextlib import closing

from odoo import models

from ..invoicing import postable, rehearsal
from ..invoicing.own_marks import OWN, is_marked
from .contract_contract import FAST_CREATE
from .usage_hold import HeldError

#: More turns than this mean that the dates of a contract do not move.
TURNS_MAX = 800


class ContractContract(models.Model):
    """Due periods, turn by turn: invoiced by a run, or rehearsed with nothing kept."""

    _inherit = "contract.contract"

    def _usage_in_turns(self, date_ref, invoice, turns_max, is_enough=lambda: False):
        """Call `invoice` with the contracts that are due, one period of each per turn, oldest first.

        Returns the values of the periods that a safety bound stopped; their contracts go no further.
        """
        held, going = [], self
        for _turn in range(turns_max):
            due = going._usage_due_on(date_ref)
            if not due or is_enough():
                break
            try:
                with self.env.cr.savepoint():
                    invoice(due)
            except HeldError as error:
                # Nothing of this turn happened; the others go on without the contracts that are held.
                self.env.invalidate_all()
                held += error.holds
                going -= self.browse({vals["contract_id"] for vals in error.holds})
        return held

    def _usage_rehearse(self, date_ref):
        """([({Key: Item}, {invoice number: warning})] turn by turn, values of holds) of what a run would invoice.

        All of it is undone. What would stop an invoice from being created or posted is raised.
        """
        turns, billed, pricer = [], set(), rehearsal.Pricer(self.env)

        def invoice(due):
            due = due.with_context(usage_rehearsed=tuple(billed))
            values = due._prepare_recurring_invoices_values()
            turns.append((rehearsal.itemise(self.env, values, pricer), postable.foresee(self.env, values, pricer)))
            due._compute_recurring_next_date()
            billed.update(rehearsal.mark_invoiced(self.env, values))

        rehearsing = self.with_context(**FAST_CREATE, usage_rehearsal=OWN)
        with closing(self.env.cr.savepoint()):
            held = rehearsing._usage_in_turns(date_ref, invoice, TURNS_MAX)
        return turns, held

    def _usage_is_rehearsed(self):
        """Whether what is made now is undone: nobody needs to be held off, and nothing is booked."""
        return is_marked(self.env, "usage_rehearsal")

    def _usage_parts(self):
        """These contracts in smaller parts: those that may share an invoice together, else each alone."""
        groups = self.grouped(lambda c: c.invoice_partner_id if c.usage_invoice_together else c)
        if len(groups) > 1:
            return list(groups.values())
        return list(self)
