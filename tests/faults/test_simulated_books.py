"""A month of simulated devices with every fault there is: the books hold what is true, and say what is missing."""

import pytest

FAULTS = {
    "absurd",
    "altered",
    "corrupt",
    "delay",
    "drift",
    "drop",
    "duplicate",
    "estimate",
    "reorder",
    "replace",
    "reset",
    "restart",
    "silence",
}


@pytest.fixture(scope="module")
def books(databases, told, conf):
    """Give what a month by upload, workbook, folder, HTTP and MQTT differs in from its truth."""
    return told("tests/faults/simulated_books.py", conf, databases.clone("simulated"))


def test_every_fault_came_in_by_every_door(books):
    assert set(books["faults"]) == {"upload", "workbook", "folder", "http", "mqtt"}
    for door, faults in books["faults"].items():
        assert set(faults) == FAULTS, door


def test_each_day_of_each_device_holds_what_is_true(books):
    assert books["days"] > 1_000
    assert books["days_that_differ"] == []


@pytest.mark.parametrize("door", ["upload", "workbook", "folder", "http", "mqtt"])
def test_what_went_wrong_is_found_and_nothing_else(books, door):
    found = books["found"][door]
    assert not any(found.values()), found
    assert set(found) >= {"received", "duplicate", "conflicts", "suspense"}


def test_missing_messages_stand_in_gaps(books):
    assert {"unreported", "gaps"} <= set(books["found"]["mqtt"])


def test_the_bill_is_the_truth_to_the_cent(books):
    assert books["charges_that_differ"] == []
