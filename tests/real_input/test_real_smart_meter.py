"""Half-hour readings of one meter: billed at a flat price, and by time of use."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from real_case import RealCase
from real_oracle import HalfHours, line

from odoo.tests import tagged

FIRST, AFTER = date(2012, 10, 1), date(2014, 3, 1)
MONTHS = [
    date(2012 + (9 + number) // 12, (9 + number) % 12 + 1, 1)
    for number in range((AFTER.year - FIRST.year) * 12 + AFTER.month - FIRST.month)
]
FLAT = "0.14228"
BANDS = {"High": "0.672", "Low": "0.0399", "Normal": "0.1176"}


class MeterCase(RealCase):
    """The file, its metric in half hours, billed in London time."""

    data_file = "uk_smart_meter_halfhour/MAC000002.csv"
    profile_file = "half_hour_readings.json"
    oracle_class = HalfHours
    zone = "Europe/London"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.metric_kwh = cls.make_metric("electricity", slot_minutes="30")
        cls.pounds = cls.env.ref("base.GBP")
        cls.pounds.active = True

    @classmethod
    def bill(cls, card):
        """One contract with this card owns the meter; the file is uploaded and billed."""
        cls.contract = cls.make_agreement("Household", FIRST, {cls.metric_kwh: card}, manual_currency_id=cls.pounds.id)
        cls.make_subjects_of(cls.oracle.distinct("LCLid"), cls.contract)
        cls.previewed, cls.first_batch = cls.upload_file()
        cls.billing_run = cls.run_billing(AFTER, cls.contract)


@tagged("post_install", "-at_install")
class TestRealMeterFlatPrice(MeterCase):
    """One price for every kWh."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bill(cls.make_price("per_unit", cls.pounds, unit_price=float(FLAT)))

    def test_stamps_are_ends_of_half_hours_in_utc(self):
        """Read so, each day but the first faults has 48 of them, the days of clock changes too."""
        days = dict(self.oracle.rows("SELECT CAST(timezone('UTC', began_at) AS DATE), count(*) FROM facts GROUP BY 1"))
        for changed in (date(2012, 10, 28), date(2013, 3, 31), date(2013, 10, 27)):
            self.assertEqual(days[changed], 48)
        self.assertNotIn(date(2012, 11, 8), days)
        self.assertEqual((days[date(2012, 11, 7)], days[date(2012, 11, 9)]), (48, 48))
        self.assertEqual(days[max(days)], 48)

    def test_counts_are_those_of_the_file(self):
        rows = self.oracle.row_count()
        good = self.oracle.one("SELECT count(*) FROM facts")
        self.assertLess(good, rows)
        self.assert_counts(
            self.previewed,
            self.first_batch,
            received_count=rows,
            accepted_count=good,
            suspended_count=rows - good,
        )

    def test_a_row_without_a_value_waits_in_suspense_as_it_came(self):
        nulls = self.oracle.rows("SELECT LCLid, DateTime, trim(KW) FROM raw WHERE trim(KW) = 'Null'")
        suspense = self.first_batch.suspense_ids
        self.assertEqual([tuple(cell.strip() for cell in row.payload["raw"]) for row in suspense], nulls)
        self.assertEqual(set(suspense.mapped("reason_code")), {"missing_quantity"})
        self.assertIn("KW", suspense.message)

    def test_stored_quantities_are_those_of_the_file(self):
        count, energy = self.oracle.rows("SELECT count(*), sum(energy) FROM facts")[0]
        self.assertEqual(self.stored(), {"electricity": (count, energy)})

    def test_every_invoice_to_the_penny(self):
        self.assert_run(self.billing_run, self.contract)
        months = self.oracle.by_month(self.zone)
        self.assertEqual(sorted(months), MONTHS)
        self.assert_billed(
            self.contract,
            {
                (self.contract, month): {"electricity": line(used[""], Fraction(used[""]) * Fraction(FLAT))}
                for month, used in months.items()
            },
        )

    def test_invoices_are_in_pounds(self):
        moves = self.contract.contract_line_ids.usage_period_ids.move_id
        self.assertEqual(moves.currency_id, self.pounds)

    def test_an_upload_after_billing_changes_nothing(self):
        self.assert_upload_changes_nothing(self.contract, AFTER)


@tagged("post_install", "-at_install")
class TestRealMeterTimeOfUse(MeterCase):
    """High on weekday evenings, low at night, normal otherwise, by London's clock."""

    bands_of = """
        CASE WHEN isodow(clock) <= 5 AND hour(clock) >= 16 AND hour(clock) < 20 THEN 'High'
             WHEN hour(clock) >= 23 OR hour(clock) < 7 THEN 'Low' ELSE 'Normal' END
    """

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        windows = [
            {"name": "High", "hour_from": 16, "hour_to": 20, "weekdays": "01234"},
            {"name": "Low", "hour_from": 23, "hour_to": 7},
            {"name": "Normal", "hour_from": 0, "hour_to": 24},
        ]
        bands = [
            {**window, "sequence": place, "unit_price": float(BANDS[window["name"]])}
            for place, window in enumerate(windows)
        ]
        cls.bill(cls.make_price("time_of_use", cls.pounds, bands=bands))

    def test_the_clock_of_the_contract_decides_the_band(self):
        """In summer an hour lies between London and UTC: some half hours change their band."""
        by_london = self.oracle.by_month(self.zone, self.bands_of)
        self.assertNotEqual(by_london, self.oracle.by_month("UTC", self.bands_of))

    def test_every_invoice_and_every_band_to_the_penny(self):
        self.assert_run(self.billing_run, self.contract)
        months = self.oracle.by_month(self.zone, self.bands_of)
        self.assertEqual(sorted(months), MONTHS)
        self.assert_billed(
            self.contract,
            {
                (self.contract, month): {
                    "electricity": line(
                        sum(used.values()),
                        *(Fraction(energy) * Fraction(BANDS[band]) for band, energy in used.items()),
                    )
                }
                for month, used in months.items()
            },
        )
        self.assert_band_lines(months)

    def assert_band_lines(self, months):
        """Each line names its band and has its amount, not only the right amounts in some order."""
        for period in self.contract.contract_line_ids.usage_period_ids:
            used = months[period.date_start]
            shown = period.move_id.invoice_line_ids.filtered(lambda item: item.display_type == "product")
            for band, energy in used.items():
                amount = line(energy, Fraction(energy) * Fraction(BANDS[band])).total
                named = shown.filtered(lambda item, band=band: band in item.name)
                self.assertEqual(len(named), 1, f"lines of {band}")
                self.assertEqual(Decimal(f"{named.price_subtotal:.2f}"), amount)

    def test_the_bands_together_are_the_whole_file(self):
        billed = self.billed(self.contract).values()
        energy = sum(lines["electricity"][0] for _total, lines in billed)
        self.assertEqual(energy, self.oracle.one("SELECT sum(energy) FROM facts"))
