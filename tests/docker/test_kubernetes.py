"""The manifests for Kubernetes, as ``kubectl kustomize`` makes them, against its own schemas."""

import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from apps.collab.runtime import LEAVE_WAIT_S, STOP_WAIT_S
from apps.core import metrics
from tests.config.test_env import documented
from tests.docker.composed import DOCKER, services
from tests.docker.doors import nginx_check
from tests.support.needs import need_program

#: The oldest and the newest that the manifests are held against.
VERSIONS = ["1.32", kubernetes_validate.latest_version()]
PRODUCT = {"web", "worker", "beat", "migrate"}
#: What a web server still does after its sessions have left: its last words to Kafka, in seconds.
PUBLISH_S = 3


@cache
def rendered() -> list[dict[str, Any]]:
    """Return all objects. Fails with what kustomize says is wrong."""
    done = subprocess.run(
        [need_program("kubectl"), "kustomize", str(DOCKER)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def objects(kind: str) -> dict[str, dict[str, Any]]:
    """Return the objects of a kind by name; that of a generated map is without its digest."""
    return {
        re.sub(r"-[0-9a-z]{10}$", "", each["metadata"]["name"]): each
        for each in rendered()
        if each["kind"] == kind
    }


def pods() -> dict[str, dict[str, Any]]:
    """Return the template of each workload's pods."""
    return {
        name: workload["spec"]["template"]
        for kind in ("Deployment", "StatefulSet", "Job")
        for name, workload in objects(kind).items()
    }


def containers(name: str) -> list[dict[str, Any]]:
    """Return a workload's containers, also those that run first."""
    spec = pods()[name]["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_as_the_cluster_wants_it(version: str) -> None:
    """Strictly: a field that it does not know is a mistake."""
    for each in rendered():
        kubernetes_validate.validate(each, version, strict=True)
    assert set(pods()) == {*PRODUCT, "gateway"}


def test_schema_refuses_a_field_that_there_is_not() -> None:
    """Or the test above could not fail."""
    wrong = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}, "spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_everything_is_in_one_namespace_that_lets_nothing_unsafe_run() -> None:
    """By the strictest of the cluster's own standards, which the pods then have to meet."""
    [namespace] = objects("Namespace").values()
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for each in rendered():
        if each is not namespace:
            assert each["metadata"]["namespace"] == namespace["metadata"]["name"]


@pytest.mark.parametrize("name", sorted({*PRODUCT, "gateway"}))
def test_pod_has_no_rights_and_bounded_memory(name: str) -> None:
    """It is nobody, writes to memory alone, and says what it needs."""
    spec = pods()[name]["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    for volume in spec["volumes"]:
        assert "secret" in volume or "configMap" in volume or volume["emptyDir"]["sizeLimit"]
        if "secret" in volume:
            assert volume["secret"]["defaultMode"] == 0o440
    for container in containers(name):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["readOnlyRootFilesystem"] is True
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert container["resources"]["limits"]["memory"]
        assert set(container["resources"]["requests"]) == {"cpu", "memory"}


# --- the product ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(PRODUCT))
def test_product_is_told_what_it_reads_and_by_one_name_each(name: str) -> None:
    """Its secrets are files of the secret that README.md makes."""
    for container in containers(name):
        [source] = container["envFrom"]
        assert source["configMapRef"]["name"].startswith("settings-")
        assert "/etc/scriptorium" in {each["mountPath"] for each in container["volumeMounts"]}
    [main] = pods()[name]["spec"]["containers"]
    assert main["image"].startswith("scriptorium:")
    assert main["args"] == [name]
    [server_id] = main["env"]
    assert server_id["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert {"name": "secrets", "secret": {"secretName": "scriptorium", "defaultMode": 0o440}} in (
        pods()[name]["spec"]["volumes"]
    )


def test_settings_are_those_of_the_product_and_name_every_secret() -> None:
    """The same as compose gives; and the command of README.md makes all of them."""
    settings = objects("ConfigMap")["settings"]["data"]
    known = {*documented(), *(f"{name}_FILE" for name in documented())}
    assert set(settings) <= known
    composed = set(services()["web-1"]["environment"]) - {"SERVER_ID"}
    assert set(settings) == {*composed, "KAFKA_STATIC_MEMBERS"}
    readme = (DOCKER / "kubernetes" / "README.md").read_text()
    for name, value in settings.items():
        if name.endswith("_FILE"):
            folder, _, file = value.rpartition("/")
            assert folder == "/etc/scriptorium"
            assert f"--from-file={file}=" in readme


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_process_begins_after_its_tables_and_is_asked_whether_it_lives(name: str) -> None:
    """By the probe that asks no service: a database that is away is no reason to start anew."""
    [waits] = pods()[name]["spec"]["initContainers"]
    assert "manage.py migrate --check" in waits["command"][-1]
    [main] = pods()[name]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe"):
        assert main[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert main["ports"] == [{"name": "http", "containerPort": 8000}]


def test_web_server_gets_requests_only_while_its_services_are_there() -> None:
    """And the answer of /readyz, which asks all of them, is waited for."""
    [main] = pods()["web"]["spec"]["containers"]
    assert main["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert main["readinessProbe"]["timeoutSeconds"] >= 5


def test_web_server_has_the_time_to_end_in_order() -> None:
    """First nobody is sent to it any more, then it ends by itself; the cluster waits for both."""
    spec = pods()["web"]["spec"]
    [main] = spec["containers"]
    before = main["lifecycle"]["preStop"]["sleep"]["seconds"]
    own = STOP_WAIT_S + LEAVE_WAIT_S + PUBLISH_S
    assert spec["terminationGracePeriodSeconds"] > before + own


def test_there_is_one_beat_at_any_time_and_more_of_all_others() -> None:
    """A node that is emptied takes one of them at a time."""
    beat = objects("Deployment")["beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
    assert set(objects("PodDisruptionBudget")) == {"web", "worker", "gateway"}
    for name, budget in objects("PodDisruptionBudget").items():
        assert budget["spec"]["maxUnavailable"] == 1
        labels = budget["spec"]["selector"]["matchLabels"].items()
        assert labels <= pods()[name]["metadata"]["labels"].items()
    assert objects("Deployment")["worker"]["spec"]["replicas"] >= 2
    assert objects("Deployment")["gateway"]["spec"]["replicas"] >= 2


def test_autoscaler_goes_by_a_metric_that_there_is() -> None:
    """Of the servers that exist, which it alone counts."""
    [scaler] = objects("HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] == "web"
    assert "replicas" not in objects("StatefulSet")["web"]["spec"]
    assert scaler["spec"]["minReplicas"] >= 2
    [metric] = scaler["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == metrics.SESSIONS._name


# --- the gateway ---------------------------------------------------------------------------------


def test_gateway_knows_as_many_servers_as_there_may_be() -> None:
    """By the names that the headless service gives them."""
    [scaler] = objects("HorizontalPodAutoscaler").values()
    namespace = scaler["metadata"]["namespace"]
    service = objects("Service")[objects("StatefulSet")["web"]["spec"]["serviceName"]]
    assert service["spec"]["clusterIP"] == "None"
    named = re.findall(r"server (\S+):8000 ", gateway_environment()["GATEWAY_SERVERS"])
    assert named == [
        f"web-{number}.{service['metadata']['name']}.{namespace}.svc.cluster.local"
        for number in range(scaler["spec"]["maxReplicas"])
    ]


def test_gateway_gives_the_template_all_its_words_and_nginx_takes_them(tmp_path: Path) -> None:
    """The template is the one of all ways to run; the certificate is the cluster's."""
    template = (DOCKER / "gateway" / "nginx.conf.template").read_text()
    assert objects("ConfigMap")["gateway"]["data"] == {"nginx.conf.template": template}
    nginx_check(gateway_environment(), "/etc/gateway", tmp_path)


def gateway_environment() -> dict[str, str]:
    """Return the gateway's variables."""
    [container] = containers("gateway")
    return {each["name"]: each["value"] for each in container["env"]}


# --- the network ---------------------------------------------------------------------------------


def test_nobody_speaks_to_anybody_without_a_rule() -> None:
    """Then one after the other."""
    everybody = objects("NetworkPolicy")["nobody"]["spec"]
    assert everybody == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


@pytest.mark.parametrize(
    ("name", "way", "ports"),
    [
        ("web", "ingress", {8000}),
        ("worker", "ingress", {8000}),
        ("beat", "ingress", {8000}),
        ("migrate", "ingress", set()),
        ("gateway", "ingress", {8443}),
        ("gateway", "egress", {53, 8000}),
        *((name, "egress", {53, 5432, 27017, 6379, 9092}) for name in sorted(PRODUCT)),
    ],
)
def test_pod_reaches_what_it_needs_and_no_more(name: str, way: str, ports: set[int]) -> None:
    """By the ports of the services' own URLs."""
    rules = [
        rule
        for policy in objects("NetworkPolicy").values()
        if is_selected(pods()[name]["metadata"]["labels"], policy["spec"]["podSelector"])
        for rule in policy["spec"].get(way, [])
    ]
    assert {port["port"] for rule in rules for port in rule["ports"]} == ports


def is_selected(labels: dict[str, str], selector: dict[str, Any]) -> bool:
    """Tell whether a policy is for pods with these labels."""
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels[each["key"]] in each["values"] for each in selector.get("matchExpressions", [])
    )
