"""What files without ids, with more or fewer columns, and with JSON in their cells become."""

import pytest
import usage_parsing as up
from parsing_helpers import DIGEST, LIMITS, codes, deadline, plain, read, records, refused

KEYED = {"key": ["subject", "at"], "repeats": True}
HEAD = "id,subject,at,qty\n"


def ids(items):
    return [item.external_id for item in records(items)]


def test_rows_of_one_key_count_each_and_are_the_same_when_the_file_comes_again():
    text = HEAD + "1,s,2025-01-01,1\n2,s,2025-01-01,1\n3,t,2025-01-01,1\n4,s,2025-01-01,2\n"
    first = ids(read(text, plain(external_id=KEYED)))
    assert len(set(first)) == 4 and first[1] == first[0] + "#2" and first[3] == first[0] + "#3"
    assert ids(read(text + "5,u,2025-01-01,1\n", plain(external_id=KEYED)))[:4] == first
    assert len(set(ids(read(text, plain(external_id={"key": ["subject", "at"]}))))) == 2


def test_reading_on_after_a_row_numbers_repeats_as_reading_the_whole_file_does():
    text = HEAD + "".join(f"{number},s,2025-01-01,{number}\n" for number in range(9))
    by = up.Profile.from_dict(plain(external_id=KEYED))
    whole = list(up.parse(text.encode(), by, LIMITS, deadline(), file_digest=DIGEST))
    rest = up.parse(text.encode(), by, LIMITS, deadline(), file_digest=DIGEST).skip_to(whole[4].row_number)
    assert list(rest) == whole[5:] and rest.row_count == 9


def test_a_key_takes_repeats_and_nothing_else_beside_it():
    for spec in ({"key": ["id"], "repeats": "yes"}, {"key": ["id"], "row": True}, {"row": True, "repeats": True}):
        with pytest.raises(up.ProfileInvalid):
            up.Profile.from_dict(plain(external_id=spec))


def optional(*names):
    return [{"metric": n, "quantity": n, "id_suffix": f"#{n}", "optional": True, "on_missing": "filter"} for n in names]


def test_an_optional_measure_counts_only_where_the_file_has_its_columns():
    items = read("id,subject,at,b\n1,s,2025-01-01,5\n2,s,2025-01-01,\n", plain(measures=optional("a", "b", "c")))
    assert [(item.metric, str(item.quantity)) for item in records(items)] == [("b", "5")]
    assert codes(items) == ["filtered"] and len(items) == 2


def test_a_file_without_any_measure_or_without_a_column_that_is_not_optional_is_refused():
    assert refused(HEAD + "1,s,2025-01-01,5\n", plain(measures=optional("a", "b"))) == "missing_columns"
    assert (
        refused("id,subject,at,b\n1,s,2025-01-01,5\n", plain(time="when", measures=optional("b"))) == "missing_columns"
    )


MESSAGES = plain(
    header_row=0,
    delimiter="\t",
    quote="",
    columns=["topic", "message"],
    json_columns=["message"],
    subject="topic",
    external_id={"key": ["topic", "message.Time"]},
    time={"column": "message.Time", "or": ["message.Inner.Time"]},
    measures=[{"metric": "energy", "quantity": {"column": "message.E.Total", "or": ["message.Inner.Total"]}}],
    decimal=",",
)


def test_values_inside_cells_of_json_are_read_by_their_path():
    text = (
        'a\t{"Time": "2025-01-01T10:00:00", "E": {"Total": 1.50}}\nb\t{"Inner": {"Time": "2025-01-02", "Total": 7}}\n'
    )
    items = read(text, MESSAGES)
    assert [str(item.quantity) for item in items] == ["1.50", "7"]
    assert items[1].occurred_at.day == 2


def test_a_cell_that_should_hold_json_and_does_not_is_refused_alone():
    text = 'a\t{"Time": "2025-01-01", "E": {"Total": 1}}\nb\t{"Time"\nc\t[1]\nd\t\ne\t' + "[" * 3000 + "\n"
    assert codes(read(text, MESSAGES)) == ["bad_structure", "missing_time", "missing_time", "bad_structure"]


def test_a_length_of_time_takes_the_first_columns_that_a_file_has():
    measure = {"metric": "m", "quantity": {"between": [{"column": "from", "or": ["at"]}, "end"], "in": "minutes"}}
    items = read("id,subject,at,end\n1,s,2025-01-01 10:00,2025-01-01 10:30\n", plain(measures=[measure]))
    assert [str(item.quantity) for item in items] == ["30"]
    with pytest.raises(up.ProfileInvalid):
        up.Profile.from_dict(
            plain(measures=[{"metric": "m", "quantity": {"between": [{"or": ["a"]}, "b"], "in": "days"}}])
        )


def test_a_column_of_its_own_and_a_path_inside_another_stand_for_each_other():
    measure = {"metric": "m", "quantity": {"column": "qty", "or": ["more.qty"]}}
    by = plain(measures=[measure], json_columns=["more"], delimiter="|", quote="")
    items = read('id|subject|at|qty|more\n1|s|2025-01-01||{"qty": 4}\n2|s|2025-01-01|3|{"qty": 4}\n', by)
    assert [str(item.quantity) for item in items] == ["4", "3"]
