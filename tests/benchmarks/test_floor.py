"""The ratios to the bare relay, and figures that are omitted."""

from benchmarks.floor import RATIOS, ratios

KEYS = [(scenario, case, metric) for scenario, case, metric, _ in RATIOS]


def test_ratio_is_our_figure_divided_by_the_relays() -> None:
    """By its title."""
    ours, relay = dict.fromkeys(KEYS, 6.0), dict.fromkeys(KEYS, 4.0)
    assert ratios(ours, relay) == {title: 1.5 for *_, title in RATIOS}


def test_ratio_without_both_figures_is_omitted() -> None:
    """For None, for zero, and for a missing figure."""
    ours, relay = dict.fromkeys(KEYS, 6.0), dict.fromkeys(KEYS, 4.0)
    none: dict[tuple[str, str, str], float | None] = {**relay, KEYS[0]: None, KEYS[1]: 0.0}
    assert list(ratios(ours, none)) == [RATIOS[2][3]]
    assert ratios({}, relay) == {}
