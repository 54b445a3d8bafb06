"""The manifests for Kubernetes, as ``kubectl kustomize`` builds them, checked by its schemas."""

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

#: The oldest and the newest version whose schemas are checked.
VERSIONS = ["1.32", kubernetes_validate.latest_version()]
PRODUCT = {"web", "worker", "beat", "migrate"}
#: Time for a web server's last messages to Kafka after its sessions have ended, in seconds.
PUBLISH_S = 3


@cache
def rendered() -> list[dict[str, Any]]:
    """Return all objects. Fails with the error of kustomize."""
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
    """Return the objects of a kind by name; names of generated maps are without their digest."""
    return {
        re.sub(r"-[0-9a-z]{10}$", "", manifest["metadata"]["name"]): manifest
        for manifest in rendered()
        if manifest["kind"] == kind
    }


def pods() -> dict[str, dict[str, Any]]:
    """Return the template of each workload's pods."""
    return {
        name: workload["spec"]["template"]
        for kind in ("Deployment", "StatefulSet", "Job")
        for name, workload in objects(kind).items()
    }


def containers(name: str) -> list[dict[str, Any]]:
    """Return a workload's containers, with its init containers."""
    spec = pods()[name]["spec"]
    return [*spec.get("initContainers", []), *spec["containers"]]


@pytest.mark.parametrize("version", VERSIONS)
def test_every_object_is_valid_by_its_schema(version: str) -> None:
    """Strictly: unknown fields are errors."""
    for manifest in rendered():
        kubernetes_validate.validate(manifest, version, strict=True)
    assert set(pods()) == {*PRODUCT, "gateway"}


def test_schema_refuses_an_unknown_field() -> None:
    """Otherwise the test above could not fail."""
    wrong = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "x"}, "spce": {}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, VERSIONS[0], strict=True)


def test_everything_is_in_one_restricted_namespace() -> None:
    """With the strictest pod security standard."""
    [namespace] = objects("Namespace").values()
    labels = namespace["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    for manifest in rendered():
        if manifest is not namespace:
            assert manifest["metadata"]["namespace"] == namespace["metadata"]["name"]


@pytest.mark.parametrize("name", sorted({*PRODUCT, "gateway"}))
def test_pod_has_no_privileges_and_bounded_memory(name: str) -> None:
    """It runs as an unprivileged user, with a read-only file system and resource limits."""
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
def test_product_gets_only_variables_that_it_reads_each_once(name: str) -> None:
    """Its secrets are files of the secret that README.md creates."""
    for container in containers(name):
        [source] = container["envFrom"]
        assert source["configMapRef"]["name"].startswith("settings-")
        assert "/etc/scriptorium" in {mount["mountPath"] for mount in container["volumeMounts"]}
    [main] = pods()[name]["spec"]["containers"]
    assert main["image"].startswith("scriptorium:")
    assert main["args"] == [name]
    [server_id] = main["env"]
    assert server_id["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.name"
    assert {"name": "secrets", "secret": {"secretName": "scriptorium", "defaultMode": 0o440}} in (
        pods()[name]["spec"]["volumes"]
    )


def test_settings_are_those_of_compose_and_name_every_secret() -> None:
    """The command of README.md creates all secrets."""
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
def test_crash_journal_outlives_the_container(name: str) -> None:
    """In a volume of the pod, apart from ``/tmp``."""
    folder = objects("ConfigMap")["settings"]["data"]["CRASH_JOURNAL_DIR"]
    [main] = pods()[name]["spec"]["containers"]
    assert {"name": "crash", "mountPath": folder} in main["volumeMounts"]
    [crash] = [volume for volume in pods()[name]["spec"]["volumes"] if volume["name"] == "crash"]
    assert crash["emptyDir"] == {"sizeLimit": "16Mi"}


@pytest.mark.parametrize("name", ["web", "worker", "beat"])
def test_process_starts_after_migrations_and_has_a_liveness_probe(name: str) -> None:
    """The probe uses no service: a database that is down is no reason for a restart."""
    [waits] = pods()[name]["spec"]["initContainers"]
    assert "manage.py migrate --check" in waits["command"][-1]
    [main] = pods()[name]["spec"]["containers"]
    for probe in ("startupProbe", "livenessProbe"):
        assert main[probe]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert main["ports"] == [{"name": "http", "containerPort": 8000}]


def test_web_server_gets_requests_only_while_it_is_ready() -> None:
    """The timeout is long enough for /readyz, which asks all services."""
    [main] = pods()["web"]["spec"]["containers"]
    assert main["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert main["readinessProbe"]["timeoutSeconds"] >= 5


def test_web_server_has_time_for_an_orderly_stop() -> None:
    """First it gets no new requests, then it stops; the grace period covers both."""
    spec = pods()["web"]["spec"]
    [main] = spec["containers"]
    before = main["lifecycle"]["preStop"]["sleep"]["seconds"]
    own = STOP_WAIT_S + LEAVE_WAIT_S + PUBLISH_S
    assert spec["terminationGracePeriodSeconds"] > before + own


def test_beat_has_one_replica_and_the_others_have_more() -> None:
    """A drained node takes down one of them at a time."""
    beat = objects("Deployment")["beat"]["spec"]
    assert (beat["replicas"], beat["strategy"]) == (1, {"type": "Recreate"})
    assert set(objects("PodDisruptionBudget")) == {"web", "worker", "gateway"}
    for name, budget in objects("PodDisruptionBudget").items():
        assert budget["spec"]["maxUnavailable"] == 1
        labels = budget["spec"]["selector"]["matchLabels"].items()
        assert labels <= pods()[name]["metadata"]["labels"].items()
    assert objects("Deployment")["worker"]["spec"]["replicas"] >= 2
    assert objects("Deployment")["gateway"]["spec"]["replicas"] >= 2


def test_autoscaler_uses_an_existing_metric() -> None:
    """And it alone sets the number of servers."""
    [scaler] = objects("HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] == "web"
    assert "replicas" not in objects("StatefulSet")["web"]["spec"]
    assert scaler["spec"]["minReplicas"] >= 2
    [metric] = scaler["spec"]["metrics"]
    assert metric["pods"]["metric"]["name"] == metrics.SESSIONS._name


# --- the gateway ---------------------------------------------------------------------------------


def test_gateway_has_the_maximal_number_of_servers() -> None:
    """By the names of the headless service."""
    [scaler] = objects("HorizontalPodAutoscaler").values()
    namespace = scaler["metadata"]["namespace"]
    service = objects("Service")[objects("StatefulSet")["web"]["spec"]["serviceName"]]
    assert service["spec"]["clusterIP"] == "None"
    named = re.findall(r"server (\S+):8000 ", gateway_environment()["GATEWAY_SERVERS"])
    assert named == [
        f"web-{number}.{service['metadata']['name']}.{namespace}.svc.cluster.local"
        for number in range(scaler["spec"]["maxReplicas"])
    ]


def test_gateway_sets_all_variables_of_the_template_and_nginx_accepts_them(tmp_path: Path) -> None:
    """The template is shared by all modes; the certificate is the cluster's."""
    template = (DOCKER / "gateway" / "nginx.conf.template").read_text()
    assert objects("ConfigMap")["gateway"]["data"] == {"nginx.conf.template": template}
    nginx_check(gateway_environment(), "/etc/gateway", tmp_path)


def gateway_environment() -> dict[str, str]:
    """Return the gateway's variables."""
    [container] = containers("gateway")
    return {variable["name"]: variable["value"] for variable in container["env"]}


# --- the network ---------------------------------------------------------------------------------


def test_network_denies_all_connections_by_default() -> None:
    """The other policies allow single connections."""
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
        *((name, "egress", {53, 5432, 27017, 6379, 9092, 443}) for name in sorted(PRODUCT)),
    ],
)
def test_pod_reaches_only_the_ports_that_it_needs(name: str, way: str, ports: set[int]) -> None:
    """The ports of the services' URLs."""
    rules = [
        rule
        for policy in objects("NetworkPolicy").values()
        if is_selected(pods()[name]["metadata"]["labels"], policy["spec"]["podSelector"])
        for rule in policy["spec"].get(way, [])
    ]
    assert {port["port"] for rule in rules for port in rule["ports"]} == ports


def is_selected(labels: dict[str, str], selector: dict[str, Any]) -> bool:
    """Return whether a policy selects pods with these labels."""
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels[expression["key"]] in expression["values"]
        for expression in selector.get("matchExpressions", [])
    )
