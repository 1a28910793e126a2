"""A month is accrued once, however many people press the button at the same moment."""

WORKERS = 3


def test_people_who_post_one_month_at_once_post_it_once(databases, told, conf):
    race = told("tests/faults/accrual_race.py", conf, databases.clone("accruals"))
    for model, others in (
        ("usage.accrual", ("posted meanwhile", "Nothing changed", "changed since the preview")),
        ("usage.recognition", ("by somebody else meanwhile", "changed meanwhile", "Nothing is earned")),
        ("one draft", ("is posted and stays",)),
    ):
        assert len(race[model]) == WORKERS
        assert race[model].count("posted") == 1, race
        refused = [answer for answer in race[model] if answer != "posted"]
        assert all(any(text in answer for text in others) for answer in refused), race
    assert (race["numbers"], race["entries"], race["recognised"]) == ([1, 2], 2, 1), race
    assert race["unbilled"] == race["wanted"] > 0, race
    assert race["broken"] == [], race
