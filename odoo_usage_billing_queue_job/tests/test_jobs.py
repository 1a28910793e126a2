from datetime import date
from unittest.mock import patch

import psycopg2.errors

from odoo.tests import tagged

from odoo.addons.odoo_usage_billing.models import usage_billing_run, usage_billing_run_line
from odoo.addons.odoo_usage_billing.tests.common import UsageCommon
from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.tests.common import trap_jobs


@tagged("post_install", "-at_install")
class TestJobs(UsageCommon):
    """A run of many contracts is cut into jobs; a job does what is pending and no more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        card = cls.make_card(charge_model="per_unit", unit_price=0.5)
        cls.contracts = cls.env["contract.contract"]
        for number in range(5):
            contract = cls.make_contract([cls.usage_line(card)])
            cls.make_subjects(contract.contract_line_ids, 1, prefix=f"J{number}-")
            cls.send([cls.record(f"J{number}-0001", 10)])
            cls.contracts |= contract

    def setUp(self):
        super().setUp()
        self.patch(usage_billing_run, "INLINE_LIMIT", 2)
        self.patch(usage_billing_run_line, "CHUNK", 2)
        self.bill = self.env["usage.billing.run"].create(
            {"date_ref": date(2026, 2, 1), "contract_ids": [(6, 0, self.contracts.ids)]}
        )

    def test_a_run_of_many_contracts_is_done_by_jobs(self):
        with trap_jobs() as trap:
            self.bill.action_start()
            trap.assert_jobs_count(3)
            self.assertEqual(self.bill.done_count, 0)
            self.assertEqual(trap.enqueued_jobs[0].channel, "root.usage_billing")
            trap.perform_enqueued_jobs()
            trap.perform_enqueued_jobs()
        self.assertEqual((self.bill.state, self.bill.invoice_count, self.bill.failed_count), ("done", 5, 0))

    def test_a_job_twice_invoices_once(self):
        lines = self._started()
        lines._job_process()
        lines._job_process()
        self.assertEqual(self.bill.invoice_count, 5)
        self.bill._job_finish()
        self.assertEqual(self.bill.state, "done")

    def test_a_run_ends_only_when_no_line_is_pending(self):
        lines = self._started()
        lines[:2]._job_process()
        self.bill._job_finish()
        self.assertEqual((self.bill.state, self.bill.done_count), ("running", 2))

    def test_contracts_that_another_worker_holds_are_asked_for_again(self):
        lines = self._started()
        held = lines[0].contract_id
        lock = type(self.contracts).try_lock_for_update
        with (
            trap_jobs() as trap,
            patch.object(
                type(self.contracts), "try_lock_for_update", lambda records, **how: lock(records - held, **how)
            ),
        ):
            lines._job_process()
            again = [job for job in trap.enqueued_jobs if job.method_name == "_job_process"]
        self.assertEqual([job.recordset for job in again], [lines[0]])
        self.assertTrue(again[0].eta)
        self.assertEqual(self.bill.done_count, 4)

    def test_contention_is_tried_again_as_often_as_it_takes(self):
        lines = self._started()
        collision = patch.object(type(self.bill), "_process", side_effect=psycopg2.errors.SerializationFailure("met"))
        with collision, self.assertRaises(RetryableJobError) as caught:
            lines._job_process()
        self.assertTrue(caught.exception.ignore_retry)
        self.assertEqual(set(lines.mapped("state")), {"pending"})

    def _started(self):
        self.bill._list_contracts()
        return self.bill.line_ids
