"""Checks of the gateway's variables in a container, by the template and by nginx."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from apps.embedded.binaries import nginx_binary
from tests.docker.composed import DOCKER
from tests.support.needs import need_nginx

_WORD = re.compile(r"\$\{(GATEWAY_[A-Z_]+)\}")


def secrets_make(folder: Path) -> dict[str, str]:
    """Run the script; return the secrets by name."""
    words = ["/bin/sh", str(DOCKER / "secrets.sh"), str(folder)]
    subprocess.run(words, check=True, capture_output=True)
    return {file.name: file.read_text() for file in folder.iterdir()}


def nginx_check(environment: Mapping[str, str], mount: str, folder: Path) -> None:
    """Fail unless the variables are those of the template, and nginx accepts the result.

    ``mount`` is the certificate's folder in the container. The system's nginx is older, so
    names that are resolved again are not checked.
    """
    need_nginx()
    template = (DOCKER / "gateway" / "nginx.conf.template").read_text()
    given = {name for name in environment if name.startswith("GATEWAY_")}
    assert set(_WORD.findall(template)) == given
    text = _WORD.sub(lambda found: environment[found[1]], template)
    text = re.sub(r"resolver \S+ valid=5s;", "", text)
    text = re.sub(r"server web-(\d)\S*:8000 resolve", r"server 127.0.0.1:800\1", text)
    secrets_make(folder / "secrets")
    (folder / "secrets" / "tls.crt").symlink_to("tls_certificate")
    (folder / "secrets" / "tls.key").symlink_to("tls_key")
    (folder / "nginx.conf").write_text(text.replace(mount, str(folder / "secrets")))
    words = [str(nginx_binary()), "-p", f"{folder}/", "-c", "nginx.conf", "-e", "stderr", "-t"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 0, done.stderr
