"""The table of a plan."""

from actsearch.analysis import Plan, Work
from actsearch.report import plan_table, to_text

WORK = (
    Work("search", "small", least=50, most=100, steps=720, step=0.1, compilation=0.0),
    Work("verification", "large", least=10, most=10, steps=3600, step=1.0, measured=False),
)


def test_every_row_has_hours_and_money():
    text = [" ".join(line.split()) for line in to_text(plan_table(Plan(WORK, "1 x GPU", 42.0), price=2.0)).splitlines()]
    assert text[0] == "Estimate for 1 x GPU, measured in 42 s; * by the operations of its network"
    assert text[-3:] == [
        "search small 50 to 100 720 100 1 to 2 2 to 4",
        "verification large 10 3,600 1,000 * 10 20",
        "all 11 to 12 22 to 24",
    ]


def test_without_a_price_there_is_no_money():
    assert "dollars" not in to_text(plan_table(Plan(WORK, "1 x GPU", 42.0)))
