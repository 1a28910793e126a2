"""Profiles: plain data, all mistakes shown at once, nothing that runs."""

import json
from pathlib import Path

import pytest
import usage_parsing as up
from hypothesis import given, settings
from hypothesis import strategies as st
from parsing_helpers import codes, plain, read, records, rows
from usage_parsing.profile import FORMATS

HERE = Path(__file__).parent
PROFILES = sorted((HERE / "profiles").glob("*.json"))
SHIPPED = sorted((HERE.parents[1] / "odoo_usage_mediation" / "data" / "profiles").glob("*.json"))


@pytest.mark.parametrize("path", [*PROFILES, *SHIPPED], ids=lambda path: path.stem)
def test_each_shipped_profile_is_valid_and_survives_a_round_trip(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    data = data.get("definition", data)
    profile = up.Profile.from_dict(data)
    assert profile.to_dict() == up.Profile.from_dict(profile.to_dict()).to_dict()
    assert json.loads(json.dumps(profile.to_dict())) == profile.to_dict()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_each_shipped_profile_says_what_it_is_for_and_carries_no_unknown_field(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    assert set(data) == {"name", "description", "definition"}
    assert data["name"] and len(data["description"]) > 60


def errors(**changes):
    with pytest.raises(up.ProfileInvalid) as caught:
        up.Profile.from_dict(plain(**changes))
    return {where for where, _what in caught.value.errors}


def test_all_mistakes_are_shown_at_once():
    found = errors(
        format="exe",
        delimiter="--",
        encoding="klingon",
        time_zone="Mars/Base",
        time_formats=["%Q", "%H"],
        header_row=-1,
        thousands="#",
        where=[{"column": "a"}],
        dimensions={"d": {"column": ""}},
        nonsense=1,
        time={"column": "at", "is": "end"},
        measures=[{"metric": "m"}, {"metric": "n", "quantity": {"column": "x", "factor": 2}}],
    )
    assert found >= {
        "format",
        "delimiter",
        "encoding",
        "time_zone",
        "time_formats",
        "header_row",
        "thousands",
        "where.0",
        "dimensions.d.column",
        "nonsense",
        "time",
        "measures.0.quantity",
        "measures.1.quantity.factor",
        "measures",
    }


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"measures": []}, "measures"),
        ({"external_id": {"row": False}}, "external_id"),
        ({"external_id": {"key": []}}, "external_id.key"),
        ({"decimal": ",", "thousands": ","}, "thousands"),
        ({"header_row": 0}, "columns"),
        ({"format": "xml"}, "row_element"),
        ({"subject": {"column": "a", "constant": "b"}}, "subject"),
        ({"subject": {"column": "a", "eval": "1+1"}}, "subject.eval"),
        ({"measures": [{"metric": "m", "quantity": {"python": "__import__('os')"}}]}, "measures.0.quantity"),
        ({"measures": [{"metric": "m", "quantity": {"constant": "NaN"}}]}, "measures.0.quantity.constant"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"encoding": "base64"}, "encoding"),
        ({"time_formats": ["%d/%m"]}, "time_formats"),
        ({"time": {"column": "at", "until": 5}}, "time.until"),
    ],
)
def test_each_rule_of_a_profile(changes, where):
    assert where in errors(**changes)


def test_a_missing_field_is_named():
    with pytest.raises(up.ProfileInvalid) as caught:
        up.Profile.from_dict({})
    assert {where for where, _ in caught.value.errors} >= {"format", "subject", "measures", "time", "external_id"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.text(max_size=6)
    | st.sampled_from(["column", "qty", "iso", "csv"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "column",
                    "or",
                    "constant",
                    "join",
                    "key",
                    "row",
                    "add",
                    "round",
                    "decimals",
                    "in",
                    "between",
                    "duration",
                    "metric",
                    "quantity",
                    "unit",
                    "when",
                    "until",
                    "is",
                    "split",
                    "map",
                    "equals",
                ]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            [
                *plain(),
                "where",
                "dimensions",
                "columns",
                "sheet",
                "decimal",
                "time_formats",
                "null_words",
                "column_null_words",
                "amount",
                "end_user",
                "header_row",
            ]
        ),
        json_values,
    )
)
def test_no_data_makes_the_check_stumble_and_what_passes_can_be_used(changes):
    try:
        profile = up.Profile.from_dict(plain(**changes))
    except up.ProfileInvalid as invalid:
        assert invalid.errors
        return
    if profile.format == "csv":
        try:
            list(up.parse(b"id,subject,at,qty\ne,s,2025-01-01,1\n", profile, *_door(), file_digest="d"))
        except up.FileRefused:
            pass


def _door():
    from parsing_helpers import LIMITS, deadline

    return LIMITS, deadline()


def test_every_format_has_a_reader():
    for form in FORMATS:
        profile = plain(format=form, **({"row_element": "r"} if form == "xml" else {}))
        with pytest.raises(up.FileRefused):
            read(b"\x00\x01\x02" * 50, profile)


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        ({"column": "subject", "strip_prefix": ["+", "00"], "first": 2}, "+34798400122", "34"),
        ({"column": "subject", "digits_only": True, "last": 4}, "(030) 12-34", "1234"),
        ({"column": "subject", "lower": True}, "ABC", "abc"),
        ({"column": "subject", "upper": True, "map": {"ABC": "x"}}, "abc", "x"),
        ({"column": "subject", "split": {"separator": "/", "part": -1}}, "a/b/c", "c"),
        ({"column": "subject", "split": {"separator": "/", "part": 9}, "default": "none"}, "a/b", "none"),
        ({"join": ["subject", {"constant": "x"}], "separator": "-"}, "a", "a-x"),
        ({"column": "other", "or": ["subject"]}, "a", "a"),
    ],
)
def test_texts_are_changed_by_small_declared_operations(spec, text, expected):
    assert rows(f"e,{text},2025-01-01,1", subject=spec)[0].subject == expected


def test_a_key_inside_a_cell_of_json_becomes_a_dimension():
    profile = plain(dimensions={"app": {"column": "tags", "json_key": "app.name"}})
    text = 'id,subject,at,qty,tags\ne,s,2025-01-01,1,"{""app"": {""name"": ""x""}}"\n'
    text += "f,s,2025-01-01,1,\ng,s,2025-01-01,1,{\n"
    items = read(text, profile)
    assert [item.dimensions for item in records(items)] == [{"app": "x"}, {}] and codes(items) == ["bad_structure"]


def test_conditions_leave_rows_out_and_are_counted():
    text = "id,subject,at,qty\n" + "".join(
        f"e{n},{name},2025-01-01,1\n" for n, name in enumerate(["ANSWER", "busy", "", "NA"])
    )
    for test, kept in (
        ({"equals": "ANSWER"}, 1),
        ({"equals": "answer", "ignore_case": True}, 1),
        ({"not_equals": "busy"}, 3),
        ({"in": ["busy", "ANSWER"]}, 2),
        ({"not_in": ["busy"]}, 3),
        ({"empty": True}, 2),
        ({"empty": False}, 2),
        ({"prefix": "AN"}, 1),
        ({"not_prefix": "AN"}, 3),
    ):
        profile = plain(subject={"constant": "s"}, null_words=["NA"], where=[{"column": "subject", **test}])
        items = read(text, profile)
        assert (len(records(items)), codes(items)) == (kept, ["filtered"] * (4 - kept)), test


def test_several_measures_of_one_row_have_identities_of_their_own():
    measures = [
        {"metric": "in", "quantity": "qty"},
        {"metric": "out", "quantity": "subject", "id_suffix": "#out", "on_missing": "filter"},
    ]
    items = rows("e,5,2025-01-01,7", "f,,2025-01-01,8", measures=measures, subject={"constant": "s"})
    assert [(item.external_id, item.metric, item.quantity) for item in records(items)] == [
        ("e", "in", 7),
        ("e#out", "out", 5),
        ("f", "in", 8),
    ]
    assert [(item.code, item.metric) for item in items if type(item) is up.Rejection] == [("filtered", "out")]


@pytest.mark.parametrize("number", ["1e99999999", "1e-99999999", "9" * 61, "NaN", "inf", 5])
def test_a_number_of_a_profile_has_a_moderate_size(number):
    for quantity in ({"constant": number}, {"column": "qty", "factor": number}, {"column": "qty", "empty_as": number}):
        with pytest.raises(up.ProfileInvalid):
            up.Profile.from_dict(plain(measures=[{"metric": "energy", "quantity": quantity}]))
    up.Profile.from_dict(plain(measures=[{"metric": "energy", "quantity": {"constant": "0.000000000001"}}]))


def test_a_refused_row_says_the_metric_that_it_would_have_reported():
    measures = [{"metric": {"column": "id", "map": {"BW": "pages"}}, "quantity": "qty"}]
    items = rows("BW,p1,2025-01-01,many", "BW,,2025-01-01,1", "XX,p1,2025-01-01,1", measures=measures)
    assert [(item.code, item.metric) for item in items] == [
        ("bad_quantity", "pages"),
        ("missing_subject", "pages"),
        ("unknown_metric", ""),
    ]
    items = rows("a,,2025-01-01,1")
    assert [(item.code, item.metric) for item in items] == [("missing_subject", "energy")]
    several = [{"metric": "in", "quantity": "qty"}, {"metric": "out", "quantity": "qty", "id_suffix": "#"}]
    assert [item.metric for item in rows("a,,2025-01-01,1", measures=several)] == [""]
