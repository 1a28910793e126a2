"""Shipped profiles on files of makers that were met later: what would be read wrong without a word."""

from test_parsing_shipped import codes, read, totals


def test_the_time_that_a_call_rang_is_not_the_time_they_talked():
    text = "caller_id_number,destination_number,start_stamp,duration,billsec,uuid\n"
    text += "100,200,2025-03-01 10:00:00,30,,u1\n100,200,2025-03-01 11:00:00,65,60,u2\n"
    items = read("call_records", text)
    assert totals(items) == {"call_seconds": "60"} and codes(items) == ["missing_quantity"]
    (item,) = read("call_records", "caller,called,start,Call Duration (mins)\n1,2,2025-03-01T10:00:00Z,1.5\n")
    assert item.quantity == 90
