from odoo import models

from odoo.addons.odoo_usage_billing.models.usage_billing_run import CONTENTION
from odoo.addons.queue_job.exception import RetryableJobError

# Seconds until a chunk is tried again that met another worker's rows, or left contracts that one was busy with.
AGAIN_IN = 5


class UsageBillingRunLine(models.Model):
    """Contracts of a run, worked on by jobs."""

    _inherit = "usage.billing.run.line"

    def _enqueue(self, eta=None):
        """Enqueue one job for these lines."""
        text = self.env._("%(run)s: %(count)s contracts", run=self.run_id.display_name, count=len(self))
        self.with_delay(description=text, eta=eta)._job_process()

    def _job_process(self):
        """Invoice what is still pending of a chunk, in one transaction, then let the run look whether it is done.

        Another job, the scheduled action or a user may have been faster: a line that is not pending any more is
        left alone, and a contract that another worker holds is asked for again.
        """
        pending = self.exists().filtered(lambda line: line.state == "pending")
        for run in self.run_id:
            lines = pending.filtered(lambda line, run=run: line.run_id == run)
            try:
                if lines:
                    run._process(lines)
                self.env.flush_all()
            except CONTENTION as error:
                raise RetryableJobError(str(error), seconds=AGAIN_IN, ignore_retry=True) from error
            if left := lines.filtered(lambda line: line.state == "pending"):
                left._enqueue(eta=AGAIN_IN)
            run.with_delay(description=self.env._("%s: end", run.display_name))._job_finish()
