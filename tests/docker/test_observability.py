"""Dashboard and alerts: every query is valid, and uses existing metrics."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests.docker.composed import DOCKER, product

FOLDER = DOCKER / "observability"
#: Metrics that Prometheus adds to its targets.
OF_PROMETHEUS = {"up"}


def alerts() -> list[dict[str, Any]]:
    """Return the rules."""
    [group] = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]
    rules: list[dict[str, Any]] = group["rules"]
    return rules


def panels() -> list[dict[str, Any]]:
    """Return the dashboard's panels with queries."""
    dashboard = json.loads((FOLDER / "grafana" / "scriptorium.json").read_text())
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def queries() -> dict[str, str]:
    """Return all queries, with Grafana's variables replaced."""
    found = {rule["alert"]: rule["expr"] for rule in alerts()}
    for panel in panels():
        for target in panel["targets"]:
            text = target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*")
            found[f"{panel['title']} {target['refId']}"] = text
    return found


def selectors(node: Any) -> Iterator[Any]:
    """Yield every selector of metrics in a query."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for name in ("expr", "lhs", "rhs", "vector_selector", "args"):
        inner = getattr(node, name, None)
        for child in inner if isinstance(inner, list) else [inner]:
            if child is not None:
                yield from selectors(child)


def shown() -> tuple[dict[str, set[str]], set[str]]:
    """Return the labels of each metric of a process, and the names of its samples."""
    text = Client().get("/metrics").content.decode()
    families = list(text_string_to_metric_families(text))
    names = {family.name for family in families}
    samples = {sample.name for family in families for sample in family.samples}
    labels = {sample.name: set(sample.labels) for family in families for sample in family.samples}
    # A metric with labels has no sample before its first event.
    return labels, samples | names | {f"{name}_total" for name in names}


@pytest.mark.parametrize("name", sorted(queries()))
def test_query_is_valid_and_uses_existing_metrics(name: str) -> None:
    """So renaming a metric needs a change of its panels and alerts."""
    labels, names = shown()
    asked = list(selectors(promql_parser.parse(queries()[name])))
    assert asked
    for selector in asked:
        assert selector.name in names | OF_PROMETHEUS, selector.name
        for matcher in selector.matchers.matchers:
            known = {"instance", "job", *labels.get(selector.name, {matcher.name})}
            assert matcher.name in known, (selector.name, matcher.name)


def test_invalid_query_is_found() -> None:
    """Otherwise the test above could not fail."""
    with pytest.raises(ValueError, match=r"[Pp]arse|expected|invalid"):
        promql_parser.parse("sum by (instance (rate(x[5m])))")


def test_every_metric_of_the_product_is_on_the_dashboard() -> None:
    """A metric that is not shown would not be needed."""
    asked = " ".join(query for name, query in queries().items() if " " in name)
    own = {
        family.name
        for family in text_string_to_metric_families(Client().get("/metrics").content.decode())
        if family.name.startswith("scriptorium_") and family.type != "unknown"
        if not family.name.endswith("_created")
    }
    missing = {name for name in own if not re.search(rf"\b{name}(_total|_bucket|_sum)?\b", asked)}
    assert missing == {"scriptorium_server"}  # it names the process to choose


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_alert_has_a_severity_and_a_next_step(rule: dict[str, Any]) -> None:
    """In its annotations."""
    assert rule["labels"]["severity"] in {"page", "warn"}
    for text in (rule["annotations"]["summary"], rule["annotations"]["action"]):
        assert text.endswith(".")


def test_prometheus_scrapes_every_process_of_compose() -> None:
    """All on the same port."""
    config = yaml.safe_load((FOLDER / "prometheus.yaml").read_text())
    targets = [
        target
        for job in config["scrape_configs"]
        for static in job["static_configs"]
        for target in static["targets"]
    ]
    assert sorted(targets) == sorted(f"{name}:8000" for name in product() if name != "migrate")
    assert [Path(file).name for file in config["rule_files"]] == ["alerts.yaml"]


def test_panels_have_unique_titles_and_units() -> None:
    """And do not overlap."""
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels()]
    assert len(set(places)) == len(places)
    assert len({panel["title"] for panel in panels()}) == len(panels())
    assert all(panel["fieldConfig"]["defaults"]["unit"] for panel in panels())
