"""A server is killed between the bytes of a file and its row."""

import hashlib
import signal

import pytest
import requests

from apps.core.failpoints import UPLOAD_POINTS
from tests.attachments import samples
from tests.support.launcher import Launched
from tests.support.web_server import WebServer


@pytest.mark.parametrize("point", UPLOAD_POINTS)
def test_server_that_dies_in_an_upload_leaves_no_half_file(point: str, stack: Launched) -> None:
    """No document has it; the same upload again stores it; an old file is untouched."""
    document_id = stack.create_document("ada")
    path = f"documents/{document_id}/attachments/"
    data = samples.png(300, 300)
    sha = hashlib.sha256(data).hexdigest()
    files = {"file": ("a.png", data, "image/png")}
    name = f"web-dies-{point}"
    with WebServer(stack, name, {"FAILPOINT": f"{point}:1"}) as server:
        with pytest.raises(requests.ConnectionError):
            requests.post(
                f"{server.url}/api/v1/{path}",
                headers={"Authorization": f"Bearer {stack.token('ada')}"},
                files=files,
                timeout=60,
            )
        assert server.wait() == -signal.SIGKILL
    assert f"failpoint {point}" in stack.log(name)
    assert (stack.data_dir / "files" / sha[:2] / sha / "original").read_bytes() == data
    assert stack.call("ada", "GET", path).json()["results"] == []
    assert stack.call("ada", "GET", f"{path}{sha}/").status_code == 404
    again = stack.call("ada", "POST", path, files=files)
    assert (again.status_code, again.json()["id"]) == (201, sha)
    assert stack.call("ada", "GET", f"{path}{sha}/").status_code == 200
