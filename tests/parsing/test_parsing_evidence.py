"""How numbers and dates of a table are written: what the file proves and what it leaves open; where its header is."""

import pytest
import usage_parsing as up
from parsing_helpers import LIMITS, codes, deadline, plain, read, records, refused

AUTO = {"decimal": "auto", "time_formats": ["iso", "either_first", "year_first"]}


def table(*lines, sign=";", head=("id", "subject", "at", "qty")):
    return "".join(sign.join(line) + "\n" for line in (head, *lines))


def days(items):
    return [f"{item.occurred_at:%Y-%m-%d}" for item in records(items)]


def test_one_clear_date_decides_for_the_others_of_the_file():
    lines = (("1", "s", "03/04/2025", "1"), ("2", "s", "25/04/2025 10:00", "1"))
    assert days(read(table(*lines), plain(**AUTO))) == ["2025-04-03", "2025-04-25"]
    lines = (("1", "s", "03/04/2025", "1"), ("2", "s", "4/25/25, 1:05 PM", "1"), ("3", "s", "04/25/2025", "1"))
    assert days(read(table(*lines), plain(**AUTO))) == ["2025-03-04", "2025-04-25", "2025-04-25"]


def test_a_date_of_another_column_proves_the_order_too():
    lines = (("1", "s", "03/04/2025", "1", "30/04/2025"),)
    text = table(*lines, head=("id", "subject", "at", "qty", "Invoice date"))
    assert days(read(text, plain(**AUTO))) == ["2025-04-03"]
    # A date among other texts is what some person wrote.
    lines = (("1", "s", "03/04/2025", "1", "30/04/2025"), ("2", "s", "03/04/2025", "1", "call back"))
    text = table(*lines, head=("id", "subject", "at", "qty", "Note"))
    assert codes(read(text, plain(**AUTO))) == ["bad_time", "bad_time"]


def test_what_nothing_proves_is_refused_and_dots_have_the_day_first():
    items = read(table(("1", "s", "03/04/2025", "1"), ("2", "s", "03.04.2025", "1")), plain(**AUTO))
    assert days(items) == ["2025-04-03"] and codes(items) == ["bad_time"]
    assert "told apart" in items[0].params["why"] and items[0].params["column"] == "at"


def test_dates_of_both_orders_in_one_file_are_read_where_they_are_clear():
    lines = [(str(n), "s", at, "1") for n, at in enumerate(("25/04/2025", "04/26/2025", "03/04/2025"))]
    items = read(table(*lines), plain(**AUTO))
    assert days(items) == ["2025-04-25", "2025-04-26"] and codes(items) == ["bad_time"]


def test_an_order_that_was_assumed_and_is_disproved_late_refuses_the_file():
    usual = [(str(n), "s", "03/04/2025", "1") for n in range(1_200)]
    month_first = plain(time_formats=["month_first"])
    assert len(records(read(table(*usual), month_first))) == 1_200
    assert refused(table(*usual, ("x", "s", "25/04/2025", "1")), month_first) == "bad_structure"
    # Proven in the first rows, it is the late one that is refused.
    proven = [("p", "s", "04/25/2025", "1"), *usual]
    assert codes(read(table(*proven, ("x", "s", "25/04/2025", "1")), month_first)) == ["bad_time"]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (("03/04/2025", "25/04/2025"), ["2025-04-03", "2025-04-25"]),
        (("03/04/2025", "04/25/2025"), ["2025-03-04", "2025-04-25"]),
        (("03/04/2025", "05/05/2025"), ["2025-05-05"]),
    ],
)
def test_written_formats_of_both_orders_are_no_order(stamps, expected):
    """A sample of the first days of a month gives both: which one holds, the file must prove."""
    lines = [(str(n), "s", at, "1") for n, at in enumerate(stamps)]
    both = plain(time_formats=["%d/%m/%Y", "%m/%d/%Y"])
    assert days(read(table(*lines), both)) == expected


def test_a_written_order_that_the_column_disproves_reads_nothing_by_chance():
    lines = (("1", "s", "03/04/2025", "1"), ("2", "s", "25/04/2025", "1"))
    items = read(table(*lines), plain(time_formats=["%m/%d/%Y"]))
    assert codes(items) == ["bad_time", "bad_time"] and "begin with the day" in items[0].params["why"]


@pytest.mark.parametrize("text", ["2025/03/04 10:20", "20250304 1020", "20250304T102000Z", "2025.03.04 10:20:00"])
def test_years_first_need_no_proof(text):
    (item,) = read(table(("1", "s", text, "1")), plain(time_formats=["year_first"]))
    assert f"{item.occurred_at:%Y-%m-%d %H:%M}" == "2025-03-04 10:20"


def test_another_column_of_numbers_proves_the_sign_of_all():
    profile = plain(decimal="auto", amount="cost")
    text = table(("1", "s", "2025-01-01", "1.234", "12,50"), head=("id", "subject", "at", "qty", "cost"))
    (item,) = read(text, profile)
    assert (str(item.quantity), str(item.amount)) == ("1234", "12.50")
    # A text that looks like a number (an address) proves nothing.
    text = table(("1", "s", "2025-01-01", "1.234", "10.0.0.1"), head=("id", "subject", "at", "qty", "host"))
    assert codes(read(text, plain(decimal="auto"))) == ["ambiguous_number"]


def test_cells_between_commas_have_decimal_points_where_nothing_says_otherwise():
    assert str(read(table(("1", "s", "2025-01-01", "1.234"), sign=","), plain(decimal="auto"))[0].quantity) == "1.234"
    items = read(table(("1", "s", "2025-01-01", '"1,234"'), sign=","), plain(decimal="auto"))
    assert codes(items) == ["ambiguous_number"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("$1,234.50", "1234.50"),
        ("1.234,50 €", "1234.50"),
        ("(12.50)", "-12.50"),
        ("12.50-", "-12.50"),
        ("-£0.5", "-0.5"),
        ("EUR 7", "7"),
    ],
)
def test_money_is_read_as_books_write_it_where_signs_are_recognised(text, number):
    measure = {"metric": "cost", "quantity": "qty", "on_negative": "accept"}
    (item,) = read(table(("1", "s", "2025-01-01", text)), plain(decimal="auto", measures=[measure]))
    assert str(item.quantity) == number
    assert codes(read(table(("1", "s", "2025-01-01", text)), plain(measures=[measure]))) == ["bad_quantity"]


@pytest.mark.parametrize("text", ["(12.50", "-12.50-", "12 $ 50", "$", "1,2,3 €", "--5", "5 MWH", "5 kWh"])
def test_what_is_no_number_is_none_with_a_sign_of_money_either(text):
    assert codes(read(table(("1", "s", "2025-01-01", text)), plain(decimal="auto"))) in (
        ["bad_quantity"],
        ["ambiguous_number"],
    )


def test_what_is_counted_has_signs_of_thousands_only():
    whole = [{"metric": "tokens", "quantity": {"column": "qty", "whole": True}}]
    lines = (("1", "s", "2025-01-01", "1,234"), ("2", "s", "2025-01-01", "5.678"))
    items = read(table(*lines), plain(decimal="auto", measures=whole))
    assert [str(item.quantity) for item in items] == ["1234", "5678"]


def test_titles_above_the_header_are_passed_over_and_a_total_below_waits():
    lines = (("1", "s", "2025-01-01", "5"), ("Total", "", "", "5"))
    text = "Usage of March;;;\n\n;printed by;A. Person;\n" + table(*lines)
    items = read(text, plain())
    assert [item.row_number for item in items] == [5, 6]
    assert len(records(items)) == 1 and codes(items) == ["missing_subject"]
    assert refused("a;b\n1;2\n", plain()) == "missing_columns"


def test_a_name_in_another_spelling_is_found_unless_two_are_alike():
    text = table(("1", "s", "2025-01-01", "5"), head=("ID", "Sub-Ject", "at", "QTY"))
    assert records(read(text, plain()))[0].subject == "s"
    text = table(("1", "s", "t", "2025-01-01", "5"), head=("ID", "Sub-Ject", "sub_ject", "at", "QTY"))
    assert refused(text, plain()) == "missing_columns"
    # The exact name goes first, whatever is alike.
    text = table(("1", "s", "t", "2025-01-01", "5"), head=("ID", "Sub-Ject", "subject", "at", "QTY"))
    assert records(read(text, plain()))[0].subject == "t"


def test_the_time_of_day_may_stand_beside_the_date():
    profile = plain(time={"column": "at", "clock": "clock"}, time_formats=["iso", "day_first"])
    head = ("id", "subject", "at", "clock", "qty")
    days_and_clocks = (("3/4/2025", "21:30"), ("3/4/2025 08:00", "21:30"), ("3/4/2025", "2025-04-03 09:15"))
    lines = [(str(n), "s", *both, "1") for n, both in enumerate(days_and_clocks)]
    items = read(table(*lines, head=head), profile)
    assert [f"{item.occurred_at:%H:%M}" for item in items] == ["21:30", "08:00", "09:15"]
    lines = [(str(n), "s", "3/4/2025", clock, "1") for n, clock in enumerate(("", "noon"))]
    assert codes(read(table(*lines, head=head), profile)) == ["missing_time", "bad_time"]
    assert len(records(read(table(("1", "s", "3/4/2025", "1")), profile))) == 1


def test_another_column_gives_the_quantity_where_the_first_is_missing():
    quantity = {"column": "qty", "else": {"column": "Wh", "factor": "0.001"}}
    profile = plain(measures=[{"metric": "energy", "quantity": quantity}])
    text = table(("1", "s", "2025-01-01", "1500"), head=("id", "subject", "at", "Wh"))
    assert str(read(text, profile)[0].quantity) == "1.500"
    text = table(("1", "s", "2025-01-01", "1500"), head=("id", "subject", "at", "W"))
    with pytest.raises(up.FileRefused) as caught:
        read(text, profile)
    assert caught.value.params["columns"] == "qty"


def test_a_length_may_be_written_as_seconds_or_as_a_clock():
    profile = plain(measures=[{"metric": "calls", "quantity": {"column": "qty", "clock": "seconds"}}])
    lines = [(str(n), "s", "2025-01-01", text) for n, text in enumerate(("65", "0:01:05", "PT1M5S"))]
    assert {str(item.quantity) for item in read(table(*lines), profile)} == {"65"}
    # Minutes and seconds, or hours and minutes: a factor of sixty.
    assert codes(read(table(("1", "s", "2025-01-01", "01:05")), profile)) == ["bad_quantity"]


@pytest.mark.parametrize("count", [1, 30])
def test_a_serial_that_a_spreadsheet_has_rounded_is_nobodys(count):
    lines = [(str(n), "4.91512E+11", "2025-01-01", "1") for n in range(count)]
    assert codes(read(table(*lines), plain())) == ["rounded_identity"] * count
    assert len(records(read(table(("1", "1.5E", "2025-01-01", "1"), ("2", "E+1", "2025-01-01", "1")), plain()))) == 2


def test_without_an_id_a_record_is_known_by_key_columns():
    profile = plain(external_id={"column": "id", "else": {"key": ["subject", "at"]}})
    lines = (("1", "s", "2025-01-01", "5"), ("", "s", "2025-01-01", "5"))
    named, keyed = (item.external_id for item in read(table(*lines), profile))
    assert named == "1" and keyed == up.derive_external_id(["s", "2025-01-01"])


def sniffed(text):
    return up.sniff(text.encode(), LIMITS, deadline())


def test_the_wizard_finds_the_header_below_titles():
    found = sniffed("Usage of March\n\nmade,by me\n" + table(("1", "s", "2025-01-01", "5"), sign=","))
    assert found.header_row == 3 and [column["name"] for column in found.columns] == ["id", "subject", "at", "qty"]
    assert found.columns[2]["type"] == "time" and found.rows == [["1", "s", "2025-01-01", "5"]]
    assert sniffed(table(("1", "s", "2025-01-01", "5"))).header_row == 1
    assert sniffed("1;s;2025-01-01;5\n2;s;2025-01-01;5\n").header_row == 0


@pytest.mark.parametrize(
    ("stamp", "formats"),
    [
        ("01-Nov-2024", ["%d-%b-%Y"]),
        ("1 November 24 10:30", ["%d %b %y %H:%M"]),
        ("25/04/2025 10:30", ["%d/%m/%Y %H:%M"]),
        ("03/04/2025", ["%d/%m/%Y", "%m/%d/%Y"]),
    ],
)
def test_the_wizard_names_formats_that_read_the_sample(stamp, formats):
    found = sniffed(table(("1", "s", stamp, "5")))
    assert found.columns[2]["time_formats"] == formats
    items = read(table(("1", "s", stamp, "5")), plain(time_formats=formats))
    assert codes(items) == (["bad_time"] if len(formats) > 1 else [])


@pytest.mark.parametrize("sign", [" ", "'", "\u00a0", "\u202f", "\u2019"])
def test_a_blank_or_an_apostrophe_between_groups_is_never_a_decimal_sign(sign):
    for more in ("7", "0,5"):
        text = table(("1", "s", "2025-01-01", f"1{sign}234"), ("2", "s", "2025-01-01", f"1{sign}234{sign}567"))
        items = read(text + f"3;s;2025-01-01;{more}\n4;s;2025-01-01;1{sign}23\n", plain(**AUTO))
        assert [str(item.quantity) for item in records(items)] == ["1234", "1234567", more.replace(",", ".")]
        assert codes(items) == ["bad_quantity"]


NAMED = ("3-Apr-2025 15:05", "03 April 2025 3:05 PM", "Apr 3, 2025, 3:05 PM", "Thu, 03 Apr 2025 15:05:00 GMT")
FOREIGN = ("3. März 2025", "03 mars 2025", "3 mrt. 2025", "3-MAR-2025", "3 marzo 2025", "Mo, 3. Mär 2025")


@pytest.mark.parametrize("stamp", NAMED)
def test_the_name_of_a_month_says_what_the_day_is(stamp):
    items = read(table(("1", "s", stamp, "1"), ("2", "s", stamp.replace("Apr", "Abc"), "1")), plain(**AUTO))
    assert [item.occurred_at.isoformat() for item in records(items)] == ["2025-04-03T15:05:00+00:00"]
    assert codes(items) == ["bad_time"]


def test_two_digits_of_a_year_prove_the_month_first_and_never_the_day():
    lines = (("1", "s", "03/04/25", "1"), ("2", "s", "03/14/25", "1"))
    assert days(read(table(*lines), plain(**AUTO))) == ["2025-03-04", "2025-03-14"]
    lines = (("1", "s", "03/04/25", "1"), ("2", "s", "14/03/25", "1"))
    assert codes(read(table(*lines), plain(**AUTO))) == ["bad_time"]


def test_a_day_counted_by_a_spreadsheet_is_read_and_a_small_count_is_not():
    by = plain(**{**AUTO, "time_formats": ["iso", "excel_serial", "epoch_seconds"]})
    lines = [(str(n), "s", at, "1") for n, at in enumerate(("45717.4375", "1740823800", "45", "4571"))]
    items = read(table(*lines), by)
    assert [item.occurred_at.isoformat() for item in records(items)] == [
        "2025-03-01T10:30:00+00:00",
        "2025-03-01T10:10:00+00:00",
    ]
    assert codes(items) == ["bad_time", "bad_time"]


def test_counts_with_and_without_signs_between_groups_have_one_identity():
    measure = {"metric": "m", "quantity": {"column": "qty", "whole": True}}
    by = plain(**AUTO, measures=[measure], external_id={"values": True, "key": ["subject", "at", "qty"]})
    found = [read(table(("1", "s", "2025-01-01", text)), by)[0] for text in ("1234", "1,234", "1.234", "1 234")]
    assert len({item.external_id for item in found}) == 1


@pytest.mark.parametrize(("sign", "expected"), [(".", ["1234", "12345"]), (",", ["1.234", "12.345"])])
def test_an_assumed_sign_holds_where_nothing_proves_another(sign, expected):
    def amounts(*texts):
        lines = [(str(n), "s", "2025-01-01", text) for n, text in enumerate(texts)]
        items = read(table(*lines), plain(**AUTO, assumed_decimal=sign))
        return [str(item.quantity) for item in records(items)], codes(items)

    assert amounts("1,234", "12,345") == (expected, [])
    assert amounts("1,234", "0.5") == (["1234", "0.5"], []) and amounts("1,234", "0,5") == (["1.234", "0.5"], [])
    # Both signs proven, in other rows: nothing is assumed.
    assert amounts("1,234", "0.5", "0,25") == (["0.5", "0.25"], ["ambiguous_number"])
    late = [*["1,234"] * 1_000, "0,5" if sign == "." else "0.5"]
    assert amounts(*late)[1] == ["bad_quantity"]


@pytest.mark.parametrize("sign", ["/", "-"])
def test_two_digits_that_come_first_and_change_less_may_be_a_year(sign):
    def stamps(*dates):
        lines = [(str(n), "s", date.replace("/", sign), "1") for n, date in enumerate(dates)]
        items = read(table(*lines), plain(**AUTO))
        return days(items), codes(items)

    assert stamps("25/03/13", "25/03/14") == ([], ["bad_time", "bad_time"])
    assert stamps("25/03/24", "26/03/24") == (["2024-03-25", "2024-03-26"], [])
    assert stamps("25/03/24") == (["2024-03-25"], [])


@pytest.mark.parametrize("stamp", FOREIGN)
def test_the_name_of_a_month_may_be_of_another_language(stamp):
    assert days(read(table(("1", "s", stamp, "1")), plain(**AUTO))) == ["2025-03-03"]
