from odoo import models


class UsageBillingRun(models.Model):
    """Runs of many contracts go on as queue jobs, a job per chunk."""

    _inherit = "usage.billing.run"

    def _go_on_in_background(self):
        """Give each chunk of pending contracts to a job.

        The scheduled action stays as it is: what no job worker takes, it takes.
        """
        for run in self:
            for chunk in run.line_ids._pending_chunks():
                chunk._enqueue()

    def _job_finish(self):
        """End the run when nothing is pending; each chunk asks once it is committed, so the last one sees all."""
        self._finish_if_complete()
