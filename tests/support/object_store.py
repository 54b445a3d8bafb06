"""A server that speaks S3 and stores real bytes: S3Proxy on a folder, as a process of its own.

Its jars come from Maven Central once for each checkout, into ``.cache/``.
"""

import hashlib
import subprocess
import tempfile
from pathlib import Path
from typing import Self

import boto3
import requests
from botocore.config import Config

from tests.support.eventually import eventually
from tests.support.launcher import ROOT, START_WAIT_S, free_port
from tests.support.needs import need_program

_POM = Path(__file__).with_name("object_store.pom.xml")
_CACHE = ROOT / ".cache"
KEY, SECRET, BUCKET = "scriptorium", "a-secret/with+signs", "files"
_SETTINGS = """
s3proxy.endpoint=http://127.0.0.1:{port}
s3proxy.authorization=aws-v2-or-v4
s3proxy.identity={key}
s3proxy.credential={secret}
jclouds.provider=filesystem-nio2
jclouds.filesystem.basedir={folder}/objects
"""


class ObjectStore:
    """The server, with an empty bucket; a context manager. Its data outlives ``stop``."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._folder = folder
        (folder / "objects").mkdir(parents=True)
        text = _SETTINGS.format(port=self.port, key=KEY, secret=SECRET, folder=folder)
        (folder / "s3proxy.properties").write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return the ``ATTACHMENTS_URL`` of the bucket."""
        secret = SECRET.replace("/", "%2F").replace("+", "%2B")
        return f"s3://{KEY}:{secret}@127.0.0.1:{self.port}/{BUCKET}/ours?region=eu-1&tls=false"

    def names(self) -> set[str]:
        """Return the names of all objects, as another client sees them."""
        pages = self._client().get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
        return {row["Key"] for page in pages for row in page.get("Contents", ())}

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        command = [
            *(need_program("java"), "-Xmx256m", "-cp", f"{_jars()}/*", "org.gaul.s3proxy.Main"),
            *("--properties", str(self._folder / "s3proxy.properties")),
        ]
        with (self._folder / "output.txt").open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        eventually(self._answers, START_WAIT_S)

    def stop(self) -> None:
        """Kill the server."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        self.start()
        self._client().create_bucket(Bucket=BUCKET)
        return self

    def __exit__(self, *args: object) -> None:
        self.stop()

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self._folder / "output.txt").read_text()
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/", timeout=5).status_code > 0
        except requests.ConnectionError:
            return False

    def _client(self) -> "boto3.client":
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="eu-1",
            config=Config(s3={"addressing_style": "path"}),
        )


def _jars() -> Path:
    """Return the folder of the jars; download them if need be."""
    version = hashlib.sha256(_POM.read_bytes()).hexdigest()[:12]
    jars = _CACHE / f"object-store-{version}"
    if not jars.exists():
        _CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="object-store.new-", dir=_CACHE) as draft:
            command = [
                *(need_program("mvn"), "-q", "-B", "-f", str(_POM)),
                "dependency:copy-dependencies",
                *("-DincludeScope=runtime", f"-DoutputDirectory={draft}/jars"),
            ]
            done = subprocess.run(command, check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            if not jars.exists():  # another lane may have been faster
                Path(draft, "jars").rename(jars)
    return jars
