"""The ratio to the bare relay: which figures are compared, and what is left out."""

from benchmarks.floor import COMPARED, ratios

KEYS = [(scenario, case, metric) for scenario, case, metric, _ in COMPARED]


def test_ratio_is_ours_over_the_relays() -> None:
    """By the words that a person reads."""
    ours, relay = dict.fromkeys(KEYS, 6.0), dict.fromkeys(KEYS, 4.0)
    assert ratios(ours, relay) == {what: 1.5 for *_, what in COMPARED}


def test_figure_that_one_of_them_lacks_is_left_out() -> None:
    """None, zero and nothing at all alike."""
    ours, relay = dict.fromkeys(KEYS, 6.0), dict.fromkeys(KEYS, 4.0)
    none: dict[tuple[str, str, str], float | None] = {**relay, KEYS[0]: None, KEYS[1]: 0.0}
    assert list(ratios(ours, none)) == [COMPARED[2][3]]
    assert ratios({}, relay) == {}
