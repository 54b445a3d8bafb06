"""The gateway of ``make stack``: nginx before the web servers, from the one template (ADR 0008).

nginx runs as one process, not as a master with workers: if it is killed, no worker is left behind
that still holds its port.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.embedded.binaries import nginx_binary
from apps.embedded.data_dir import DataDir
from apps.embedded.errors import EmbeddedError
from apps.embedded.probes import probe_http
from apps.embedded.programs import ROOT, Program, Site, Stage, unprivileged

TEMPLATE = ROOT / "docker" / "gateway" / "nginx.conf.template"
#: A server that cannot be reached gets no requests for this long, in seconds.
UPSTREAM_FAIL_TIMEOUT_S = 3
#: Added to the body limit of the servers, so that they answer with their own error.
_BODY_SLACK_BYTES = 64 * 1024
_PLACEHOLDER = re.compile(r"\$\{(GATEWAY_[A-Z_]+)\}")
_ONE_PROCESS = "daemon off; master_process off;"


@dataclass(frozen=True)
class Tls:
    """The files of a certificate and of its key."""

    certificate: Path
    key: Path


@dataclass(frozen=True)
class Gateway:
    """The gateway's address, and the ports of the web servers behind it on this machine."""

    site: Site
    ports: Sequence[int]
    body_bytes: int
    tls: Tls | None = None
    #: Addresses that may request /readyz and /metrics.
    internal_addresses: Sequence[str] = ("127.0.0.0/8", "::1")

    def configuration(self) -> str:
        """Return nginx's configuration. Raises ``EmbeddedError`` for an unusable certificate."""
        servers = (
            f"server 127.0.0.1:{port} max_fails=1 fail_timeout={UPSTREAM_FAIL_TIMEOUT_S}s;"
            for port in self.ports
        )
        host = f"[{self.site.host}]" if ":" in self.site.host else self.site.host
        return template_fill(
            {
                "GATEWAY_LISTEN": f"{host}:{self.site.port}{' ssl http2' if self.tls else ''}",
                "GATEWAY_TLS": _certificate(self.tls) if self.tls else "",
                "GATEWAY_SERVERS": "\n        ".join(servers),
                "GATEWAY_INSIDERS": " ".join(
                    f"allow {address};" for address in self.internal_addresses
                ),
                "GATEWAY_BODY_BYTES": str(self.body_bytes + _BODY_SLACK_BYTES),
            }
        )

    def program(self, data_dir: DataDir) -> Program:
        """Return nginx as a program. Raises ``EmbeddedError`` if it is not installed."""
        return Program(
            "gateway",
            "Gateway",
            [*self._nginx(data_dir), "-g", _ONE_PROCESS],
            lambda: probe_http(f"{self.site.url}/gatewayz"),
            prefix=self._prefix(),
            stage=Stage.ENTRYPOINT,
        )

    def write(self, data_dir: DataDir) -> None:
        """Write the configuration and let nginx check it. Raises ``EmbeddedError``."""
        folder = _folder(data_dir)
        folder.mkdir(mode=0o700, exist_ok=True)
        (folder / "nginx.conf").write_text(self.configuration(), encoding="utf-8")
        done = subprocess.run(  # noqa: S603 - our own command
            [*self._prefix(), *self._nginx(data_dir), "-t", "-q"],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            reason = next((line for line in done.stderr.splitlines() if "[emerg]" in line), "")
            raise EmbeddedError(f"The gateway cannot start: {reason.partition('[emerg] ')[2]}")

    def _nginx(self, data_dir: DataDir) -> list[str]:
        folder = _folder(data_dir)
        return [str(nginx_binary()), "-p", f"{folder}{os.sep}", "-c", "nginx.conf", "-e", "stderr"]

    def _prefix(self) -> tuple[str, ...]:
        # Only root may listen on a port below 1024.
        return () if self.site.port < 1024 else unprivileged()


def template_fill(values: Mapping[str, str]) -> str:
    """Return the template with its placeholders replaced. Raises ``KeyError`` without a value."""
    text = TEMPLATE.read_text(encoding="utf-8")
    lines = (
        line if line.lstrip().startswith("#") else _PLACEHOLDER.sub(lambda m: values[m[1]], line)
        for line in text.splitlines(keepends=True)
    )
    return "".join(lines)


def _certificate(tls: Tls) -> str:
    for variable, path in (("TLS_CERTIFICATE", tls.certificate), ("TLS_KEY", tls.key)):
        if not os.access(path, os.R_OK):
            raise EmbeddedError(f"{variable}={path} cannot be read: name a file in PEM form.")
        if set('"$\\') & set(str(path)):
            raise EmbeddedError(f'{variable}={path}: move it to a path without ", $ and \\.')
    return f'ssl_certificate "{tls.certificate}"; ssl_certificate_key "{tls.key}";'


def _folder(data_dir: DataDir) -> Path:
    return data_dir.path / "gateway"
