import gzip
import hashlib
import os
from pathlib import Path

from dateutil.relativedelta import relativedelta

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.tools import config

from ..store import retirement
from ..store.schema import refuse_rewrite

GROUP = "odoo_usage_billing.group_usage_retention"
MONTHS = "odoo_usage_billing.retention_months"
MEBIBYTE = 1 << 20


class UsageRetirement(models.Model):
    """The events of a month, put away: who did it, when, and what they added up to. Daily sums and keys stay.

    detached -> archived (a file) -> dropped; or dropped at once, by a choice of its own.
    """

    _name = "usage.retirement"
    _description = "Retired Events"
    _inherit = ["mail.thread"]
    _order = "month DESC, id DESC"
    _rec_name = "month"

    month = fields.Date(required=True, readonly=True, index=True, help="First day of the month, in UTC.")
    partition = fields.Char(required=True, readonly=True)
    table_name = fields.Char(readonly=True, help="The detached table, until it is dropped.")
    state = fields.Selection(
        [("detached", "Put away"), ("archived", "In a file"), ("dropped", "Dropped")],
        required=True,
        default="detached",
        readonly=True,
        tracking=True,
    )
    retired_at = fields.Datetime(required=True, readonly=True, default=fields.Datetime.now)
    user_id = fields.Many2one("res.users", string="By", readonly=True, default=lambda self: self.env.user)
    event_count = fields.Float(string="Events", digits=(16, 0), readonly=True)
    total_ids = fields.One2many("usage.retirement.total", "retirement_id", readonly=True)
    archive_path = fields.Char(string="File", readonly=True, groups=GROUP)
    archive_checksum = fields.Char(string="SHA-256", readonly=True)
    archived_at = fields.Datetime(readonly=True)
    dropped_at = fields.Datetime(readonly=True)
    dropped_by_id = fields.Many2one("res.users", string="Dropped by", readonly=True)

    _dropped_is_gone = models.Constraint(
        "CHECK ((state = 'dropped') = (table_name IS NULL))", "A table is dropped when it is gone, and not before."
    )

    def init(self):
        self.env.cr.execute(retirement.SCHEMA)
        for table in ("usage_retired_day", "usage_retired_batch"):
            refuse_rewrite(self.env.cr, table)

    # -- what may go ---------------------------------------------------------

    @api.model
    def _keep_from(self, today):
        """The first day whose events stay, or None while nothing is to be retired.

        Never later than what sources may still send late.
        """
        # The setting is nobody's secret; only administrators may write it.
        months = int(self.env["ir.config_parameter"].sudo().get_param(MONTHS) or 0)
        if months <= 0:
            return None
        sources = self.env["usage.source"].sudo().with_context(active_test=False).search([])
        longest = max(sources.mapped("max_age_days"), default=0)
        return min(today - relativedelta(months=months), fields.Date.subtract(today, days=longest + 1)).replace(day=1)

    @api.model
    def _candidates(self, today):
        """[(partition, month, obstacle or None)] of months that are old enough and have events, the oldest first."""
        keep_from = self._keep_from(today)
        if keep_from is None:
            return []
        self.env.flush_all()
        found = []
        for name, month in retirement.partitions(self.env.cr):
            following = month + relativedelta(months=1)
            if following <= keep_from and not retirement.is_empty(self.env.cr, name):
                found.append((name, month, retirement.obstacle(self.env.cr, name, month, following)))
        return found

    @api.model
    def _phrase_obstacle(self, obstacle):
        """Why a month stays, in words."""
        kind, line_id, day, _count = obstacle
        # Whoever retires events sees which contract stands in the way, whatever its company.
        line = self.env["contract.line"].sudo().browse(line_id)
        values = {"contract": line.contract_id.display_name, "line": line.name, "day": day}
        if kind == "held":
            return self.env._("The period of %(contract)s, %(line)s, from %(day)s is held.", **values)
        if kind == "unseen":
            return self.env._(
                "%(contract)s, %(line)s: usage came after the period from %(day)s was charged. Look for changes of "
                "the contract first.",
                **values,
            )
        if kind == "running":
            return self.env._(
                "The rating term of %(contract)s, %(line)s, goes on and is rated event by event from %(day)s.",
                **values,
            )
        return self.env._(
            "Usage of %(contract)s, %(line)s, on %(day)s is not on a posted invoice yet.",
            **values,
        )

    # -- doing it ------------------------------------------------------------

    @api.model
    def _check_may(self):
        if not (self.env.su or self.env.user.has_group(GROUP)):
            raise AccessError(
                self.env._("Only who has the right to retire usage events may do so. Ask an administrator for it.")
            )

    @api.model
    def _keep(self):
        """Commit, so that what follows sees what others stored before it locked them out."""
        self.env.cr.commit()  # pylint: disable=invalid-commit

    @api.model
    def _retire(self, today, months=None):
        """Retire each candidate, or those of `months`, in a transaction of its own; returns the retirements."""
        self._check_may()
        done = self.browse()
        for name, month, stopped in self._candidates(today):
            if stopped is None and (months is None or month in months):
                self._keep()
                done |= self._retire_one(name, month)
                self._keep()
        return done

    @api.model
    def _retire_one(self, name, month):
        """Detach one partition; nothing is kept when something stands in its way after all."""
        following = month + relativedelta(months=1)
        retirement.lock(self.env.cr, name, month, following)
        if retirement.obstacle(self.env.cr, name, month, following):
            return self.browse()
        found = retirement.totals(self.env.cr, name)
        # Nobody creates these rows but by retiring, for which the right was checked.
        new = self.sudo().create(
            {
                "month": month,
                "partition": name,
                "table_name": "-",
                "event_count": sum(row[2] for row in found),
                "total_ids": [Command.create(self._total_values(row)) for row in found],
            }
        )
        new.table_name = f"usage_event_retired_{month:%Y%m}_{new.id}"
        new.flush_recordset()
        retirement.detach(self.env.cr, name, new.table_name, new.id)
        self.env["usage.event"].invalidate_model()
        return new.sudo(self.env.su)

    def _total_values(self, row):
        names = ("company_id", "metric_id", "event_count", "void_count", "quantity_text", "amount_text")
        return dict(zip(names, row, strict=True))

    @api.model
    def _cron_retire(self):
        """Monthly, off until switched on: retire what the setting says."""
        self._retire(fields.Date.today())

    def action_archive_to_file(self):
        """Write the detached events into a compressed file on the server, with its checksum."""
        self._check_may()
        for record in self.sudo():
            if record.state != "detached":
                raise UserError(self.env._("Only events that are put away and not dropped can be written to a file."))
            path = record._archive_folder() / f"{record.table_name}.csv.gz"
            checksum = record._write_archive(path)
            record.write(
                {
                    "state": "archived",
                    "archive_path": str(path),
                    "archive_checksum": checksum,
                    "archived_at": fields.Datetime.now(),
                }
            )
        return True

    def _write_archive(self, path):
        """Write the table to `path`, whole or not at all; returns the file's SHA-256."""
        part = path.with_suffix(".part")
        with open(part, "wb") as target:
            with gzip.GzipFile(filename="", fileobj=target, mode="wb", mtime=0) as stream:
                retirement.copy_out(self.env.cr, self.table_name, stream)
            target.flush()
            os.fsync(target.fileno())
        digest = hashlib.sha256()
        with open(part, "rb") as stream:
            while chunk := stream.read(MEBIBYTE):
                digest.update(chunk)
        part.replace(path)
        return digest.hexdigest()

    def _archive_folder(self):
        folder = Path(config["data_dir"]) / "usage_retired" / self.env.cr.dbname
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder

    def action_drop(self):
        """Drop the detached events for good. Daily sums, keys and the file, if there is one, stay."""
        self._check_may()
        for record in self.sudo():
            if record.state == "dropped":
                raise UserError(self.env._("These events are dropped already."))
            retirement.drop(self.env.cr, record.table_name)
            record.write(
                {
                    "state": "dropped",
                    "table_name": False,
                    "dropped_at": fields.Datetime.now(),
                    "dropped_by_id": self.env.uid,
                }
            )
        return True

    # -- what it means elsewhere -----------------------------------------------

    @api.model
    def _note(self, lines, metric, date_start, date_end):
        """What to say of days whose events were retired, or an empty text."""
        at, count = retirement.retired_of(self.env.cr, lines.ids, metric.id, date_start, date_end)
        return self._sentence(count, at) if count else ""

    @api.model
    def _of_batches(self, batches):
        """{batch id: (events retired, when last)}."""
        return retirement.retired_of_batches(self.env.cr, batches.ids)

    @api.model
    def _sentence(self, count, at):
        return self.env._(
            "%(count)s events were retired on %(day)s: their daily sums are kept, the events themselves are not at "
            "hand any more.",
            count=count,
            day=fields.Date.to_string(fields.Datetime.context_timestamp(self, at).date()),
        )

    @api.model
    def _explain_in(self, action, note):
        """An action that lists events, with a note on those that are not at hand."""
        return {**action, "help": f"<p>{note}</p>"} if note else action

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("What was retired stays in the list, so that it shows who did it and what it was."))
