"""Operations on usage and terms: what devices send, late and wrong and twice, and what people agree anew."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction

from .byhand import months_after

PLACES = ("north", "south", "east")


def decimal(fraction):
    """A fraction of thousandths as a Decimal."""
    return Decimal(fraction.numerator) / Decimal(fraction.denominator)


class UsageOperations:
    """Each gets an environment, a dice, and says in a few words what it did, or None when there was nothing to do."""

    # -- sending -------------------------------------------------------------

    def send(self, env, dice, days=20, each=2, late=0.0):
        """Every device of a company sends something of the last days; some of it is very late."""
        name = dice.choice(list(self.world.companies))
        found = []
        for subject, stays in self.diary.stays.items():
            line = self.diary.lines[stays[-1][1]]
            if line.company == name and line.kind.metric != "installed" and dice.random() < 0.8:
                found += [self._one(dice, subject, days, late) for _number in range(each)]
        return self._store(env, name, [one for one in found if one])

    def send_late(self, env, dice):
        """A few devices report what they kept for months."""
        return self.send(env, dice, days=15, each=1, late=0.6)

    def _one(self, dice, subject, days, late):
        """(record, Used) of something that happened in the last days, or long ago."""
        now = self.clock.instant
        back = dice.randrange(1, 200 if dice.random() < late else days) * 24 * 60 + dice.randrange(24 * 60)
        at = (now - timedelta(minutes=back)).replace(second=0, microsecond=0)
        line = self.diary.lines[self.diary.owner(subject, at)]
        local = at.astimezone(line.zone).date()
        if local < line.start or (line.end and local >= line.end):
            return None
        quantity = Fraction(dice.randint(1, line.kind.most * 10), 10)
        return self._used(line, subject, at, quantity, dice.choice(PLACES))

    def _used(self, line, subject, at, quantity, place, **more):
        from odoo.addons.odoo_usage_billing.store import UsageRecord

        name = self.diary.next_name()
        # The three values of a dimension cost what the rows say; a metric that keeps none ignores it.
        record = UsageRecord(
            self.diary.number,
            name,
            subject,
            line.kind.metric,
            at,
            decimal(quantity),
            dimensions={"place": place},
            **more,
        )
        return record, (name, line, subject, at, quantity, place)

    def _store(self, env, company, found, replaces=None):
        if not found:
            return None
        batch = self._batch(env, company)
        batch._store([record for record, _used in found])
        if batch.accepted_count + batch.suspended_count != len(found):
            raise AssertionError(f"batch {batch.id}: {batch.accepted_count} of {len(found)} accepted")
        refused = set(batch.suspense_ids.mapped("external_id"))
        for record, (name, line, subject, at, quantity, place) in found:
            if name in refused:
                self._require_refusable(line, at, batch, name)
                continue
            self._note(name, line, subject, at, quantity, place, batch)
            if record.replaces:
                self.diary.replacing.add(name)
                self._take_back(env, record.replaces)
            self._mark(env, line, at)
        return f"{len(found)} records for {company}, {len(refused)} refused"

    def _batch(self, env, company):
        source_id = self.world.sources[company]
        return env["usage.batch"].create({"name": "script", "source_id": source_id, "received_at": self.clock.now})

    def _require_refusable(self, line, at, batch, name):
        """A good record is refused only where late usage is refused."""
        if line.kind.contract.get("usage_late_policy") != "refuse":
            row = batch.suspense_ids.filtered(lambda s: s.external_id == name)
            raise AssertionError(f"{name} of {line.kind.name} at {at} was refused: {row.mapped('reason_code')}")

    def _note(self, name, line, subject, at, quantity, place, batch):
        from .facts import Used

        self.diary.used[name] = Used(name, line.id, subject, at, quantity, place, batch.id)

    def _take_back(self, env, name):
        used = self.diary.used[name]
        self.diary.gone.add(name)
        self._mark(env, self.diary.lines[used.line_id], used.at)

    def _mark(self, env, line, at):
        """Whoever looks at the contract now finds something, if the day is billed, or a level goes on."""
        day = at.astimezone(line.zone).date()
        if any(end > day for _start, end in self.billed(env).get(line.id, ())):
            self.diary.stale |= {one.id for one in self.diary.lines.values() if one.contract_id == line.contract_id}

    def send_again(self, env, dice):
        """Messages come once more, and one of them says something else."""
        known = [used for used in self._correctable() if used.name not in self.diary.replacing]
        if not known:
            return None
        chosen = dice.sample(known, min(5, len(known)))
        company = self.diary.lines[chosen[0].line_id].company
        chosen = [used for used in chosen if self.diary.lines[used.line_id].company == company]
        batch = self._batch(env, company)
        batch._store([self._again(used, used.quantity + (number == 0)) for number, used in enumerate(chosen)])
        if (batch.accepted_count, batch.suspended_count, batch.duplicate_count) != (0, 1, len(chosen) - 1):
            raise AssertionError(f"sent again: {batch.accepted_count} accepted, {batch.duplicate_count} duplicate")
        return f"{len(chosen)} again"

    def _again(self, used, quantity):
        from odoo.addons.odoo_usage_billing.store import UsageRecord

        line = self.diary.lines[used.line_id]
        dimensions = {"place": used.place}
        return UsageRecord(
            1, used.name, used.subject, line.kind.metric, used.at, decimal(quantity), dimensions=dimensions
        )

    def correct(self, env, dice):
        """Some usage is taken back, other usage is replaced."""
        known = self._correctable()
        if not known:
            return None
        company = self.diary.lines[dice.choice(known).line_id].company
        mine = [used for used in known if self.diary.lines[used.line_id].company == company]
        chosen = dice.sample(mine, min(4, len(mine)))
        found = []
        for number, used in enumerate(chosen):
            line = self.diary.lines[used.line_id]
            if number % 2:
                found.append(self._used(line, used.subject, used.at, used.quantity + 3, used.place, replaces=used.name))
        done = self._store(env, company, found)
        batch = self._batch(env, company)
        voids = [
            self._again(used, used.quantity)._replace(external_id=f"v-{used.name}", voids=used.name)
            for used in chosen[::2]
        ]
        batch._store(voids)
        if batch.accepted_count != len(voids):
            raise AssertionError(f"{batch.suspense_ids.mapped('reason_code')} instead of {len(voids)} voids")
        for used in chosen[::2]:
            self._take_back(env, used.name)
        return f"{len(voids)} taken back; {done}"

    def _correctable(self):
        """The usage that counts, without that of lines which refuse whatever is late."""
        return [
            used for used in self.diary.used.values() if used.name not in self.diary.gone and not self._refuses(used)
        ]

    def _refuses(self, used):
        return self.diary.lines[used.line_id].kind.contract.get("usage_late_policy") == "refuse"

    def take_batch_back(self, env, dice):
        """Everything that a file brought is taken back, by a person with a reason."""
        batches = sorted({used.batch_id for used in self.diary.used.values() if used.name not in self.diary.gone})
        if not batches:
            return None
        batch = env["usage.batch"].browse(dice.choice(batches))
        mine = [
            used for used in self.diary.used.values() if used.batch_id == batch.id and used.name not in self.diary.gone
        ]
        if any(self._refuses(used) for used in mine):
            return None
        batch.action_void("The file was of another fleet")
        for used in mine:
            self._take_back(env, used.name)
        return f"{len(mine)} taken back with their file"

    # -- agreeing ------------------------------------------------------------

    def reprice(self, env, dice):
        """A customer gets another price, from some day on that may be billed already."""
        line = dice.choice([line for line in self.diary.lines.values() if line.kind.repriced and line.kind.cost])
        first = self.clock.today + timedelta(days=dice.randint(-50, 20))
        last, before = line.prices[-1]
        if first <= max(last, line.start) or (line.end and first >= line.end):
            return None
        price = before + Fraction(dice.randint(1, 100), 10000)
        overrides = env["usage.price.override"]
        standing = overrides.search([("contract_line_id", "=", line.id), ("date_end", "=", False)])
        standing.date_end = first
        standing.flush_recordset()
        vals = {"contract_line_id": line.id, "target": "unit_price", "value": float(price), "date_start": first}
        overrides.create(vals)
        line.prices.append((first, price))
        self._mark(env, line, datetime.combine(first, datetime.min.time(), timezone.utc) + timedelta(hours=12))
        return f"{line.kind.name} of {line.company} at {float(price)} from {first}"

    def amend(self, env, dice):
        """A baseline changes with a month, one that has been or is to come."""
        lines = [line for line in self.diary.lines.values() if line.kind.baseline]
        if not lines:
            return None
        line = dice.choice(lines)
        first = months_after(self.clock.today.replace(day=1), dice.choice((-1, 0, 1)))
        if first <= max(line.baselines[-1][0], line.start):
            return None
        figure = Fraction(dice.randint(2, 30) * 10 * (10 if "quantity" in line.kind.baseline else 1))
        before = env["usage.baseline"].search([("contract_line_id", "=", line.id), ("date_end", "=", False)])
        name = "quantity" if "quantity" in line.kind.baseline else "amount"
        copied = {**line.kind.baseline, name: float(figure)}
        before.date_end = first
        before.flush_recordset()
        env["usage.baseline"].create({"contract_line_id": line.id, "date_start": first, **copied})
        line.baselines.append((first, figure))
        self._mark(env, line, datetime.combine(first, datetime.min.time(), timezone.utc) + timedelta(hours=12))
        return f"{line.kind.name} of {line.company}: {figure} from {first}"

    def move(self, env, dice):
        """A device goes to another line of the same metric, from now on."""
        subject = dice.choice(list(self.diary.stays))
        since, line_id = self.diary.stays[subject][-1]
        line = self.diary.lines[line_id]
        others = [
            other
            for other in self.diary.lines.values()
            if (other.company, other.kind.metric) == (line.company, line.kind.metric)
            and other.id != line_id
            and not other.end
        ]
        now = self.clock.instant
        if not others or since >= now:
            return None
        other = dice.choice(others)
        old = env["usage.assignment"].search([("subject_id.code", "=", subject), ("end_at", "=", False)])
        old.end_at = self.clock.now
        old.flush_recordset()
        env["usage.assignment"].create(
            {"subject_id": old.subject_id.id, "contract_line_id": other.id, "start_at": self.clock.now}
        )
        self.diary.stays[subject].append((now, other.id))
        return f"{subject} from {line.kind.name} to {other.kind.name}"

    def end(self, env, dice):
        """A line ends within its open period; its devices are silent from then on."""
        lines = [
            line
            for line in self.diary.lines.values()
            if line.kind.by_days and not line.end and line.kind.cost and line.kind.rhythm == "monthly"
        ]
        if len(lines) < 4:
            return None
        line = dice.choice(lines)
        first, last = self.clock.today + timedelta(days=3), self.clock.today + timedelta(days=9)
        billed = [end for _start, end in self.billed(env).get(line.id, ())]
        if max(billed, default=line.start) > first:
            return None
        record = env["contract.line"].browse(line.id)
        record.date_end = last
        line.end = last + timedelta(days=1)
        return f"{line.kind.name} of {line.company} after {last}"
