"""``/metrics``: what Prometheus reads."""

import re

import pytest
from django.test import Client
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from apps.core import metrics

LISTED = {
    name: metric
    for name, metric in vars(metrics).items()
    if isinstance(metric, Counter | Gauge | Histogram)
}


def shown() -> dict[str, float]:
    """Return the samples without labels that the page shows."""
    text = Client().get("/metrics").content.decode()
    return {
        sample.name: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.labels
    }


def test_metrics_answer_in_prometheus_own_format() -> None:
    """With each metric of the list."""
    response = Client().get("/metrics")
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    text = response.content.decode()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    for name, metric in LISTED.items():
        assert metric._name in families, name
        assert families[metric._name].documentation == metric._documentation


def test_metrics_count_what_is_counted() -> None:
    """The page shows the process's own counters."""
    before = shown()
    metrics.DUPLICATES.inc(3)
    assert shown()["scriptorium_duplicates_total"] == before["scriptorium_duplicates_total"] + 3


@pytest.mark.parametrize("name", LISTED)
def test_metric_is_named_and_explained_as_prometheus_asks(name: str) -> None:
    """The product's prefix, lower case, and a sentence."""
    metric = LISTED[name]
    assert re.fullmatch(r"scriptorium_[a-z_]+", metric._name)
    assert metric._documentation.endswith(".")
