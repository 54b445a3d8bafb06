"""Both storages of files: a folder, and a real server that speaks S3."""

import os
import stat
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.test import override_settings

from apps.attachments.storage import Files, FilesAwayError, FilesNotConfiguredError, files
from config.attachments import attachments_storage
from tests.support.object_store import ObjectStore


def storage_of(url: str) -> Any:
    """Return the storage that a URL names."""
    return storages.create_storage(attachments_storage(url))


@pytest.fixture(scope="module")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """Return a running object store."""
    with ObjectStore(tmp_path_factory.mktemp("objects")) as store:
        yield store


@pytest.fixture(params=["folder", "objects"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Files:
    """Return each of both storages."""
    if request.param == "folder":
        return storage_of(f"file://{tmp_path}/a%20folder")  # type: ignore[no-any-return]
    store: ObjectStore = request.getfixturevalue("object_store")
    return storage_of(store.url)  # type: ignore[no-any-return]


def read(storage: Files, name: str, start: int = 0) -> bytes:
    """Return stored bytes from a place on."""
    reader = storage.open_at(name, start)
    try:
        return reader.read(10_000_000)
    finally:
        reader.close()


def test_bytes_come_back_whole_and_from_a_place_on(storage: Files) -> None:
    """Also of a file of several parts."""
    data = os.urandom(9_000_000)
    storage.store("ab/abc/original", BytesIO(data))
    assert read(storage, "ab/abc/original") == data
    assert read(storage, "ab/abc/original", 8_999_990) == data[-10:]


def test_stream_is_stored_from_its_start(storage: Files) -> None:
    """Who hashed it has read it to the end."""
    stream = BytesIO(b"all of it")
    stream.read()
    storage.store("ab/abd/original", stream)
    assert read(storage, "ab/abd/original") == b"all of it"


def test_missing_name_is_an_error_of_its_own(storage: Files) -> None:
    """A name that is removed twice is none."""
    storage.store("ab/abe/original", BytesIO(b"x"))
    for _ in range(2):
        storage.remove("ab/abe/original")
    with pytest.raises(FileNotFoundError):
        storage.open_at("ab/abe/original", 0)


def test_two_that_store_one_name_at_once_leave_one_whole(storage: Files) -> None:
    """Readers meanwhile see all of it, or nothing."""
    data = b"y" * 3_000_000
    seen: list[bytes] = []
    threads = [
        threading.Thread(target=storage.store, args=("ab/abf/original", BytesIO(data)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        try:
            seen.append(read(storage, "ab/abf/original"))
        except FileNotFoundError:
            continue
    for thread in threads:
        thread.join()
    assert read(storage, "ab/abf/original") == data
    assert all(content == data for content in seen)


def test_object_store_has_the_bytes_under_the_prefix(object_store: ObjectStore) -> None:
    """Seen by another client."""
    storage_of(object_store.url).store("cd/cde/original", BytesIO(b"x"))
    assert "ours/cd/cde/original" in object_store.names()


def test_object_store_that_is_away_is_said_to_be(tmp_path: Path) -> None:
    """And its bytes are there when it is back."""
    store = ObjectStore(tmp_path / "objects")
    with store:
        storage = storage_of(store.url)
        storage.store("ab/abc/original", BytesIO(b"x"))
        store.stop()
        with pytest.raises(FilesAwayError):
            storage.open_at("ab/abc/original", 0)
        with pytest.raises(FilesAwayError):
            storage.store("ab/abd/original", BytesIO(b"x"))
        with pytest.raises(FilesAwayError):
            storage.remove("ab/abc/original")
        store.start()
        assert read(storage, "ab/abc/original") == b"x"


def test_wrong_secret_is_an_error_and_no_missing_file(object_store: ObjectStore) -> None:
    """A file would be taken for lost otherwise."""
    storage = storage_of(object_store.url.replace("a-secret", "another"))
    with pytest.raises(FilesAwayError):
        storage.open_at("ab/abc/original", 0)


def test_folder_is_private_and_keeps_no_draft(tmp_path: Path) -> None:
    """Other accounts of the machine read nothing."""
    storage = storage_of(f"file://{tmp_path}/files")
    storage.store("ab/abc/original", BytesIO(b"x"))
    mode = stat.S_IMODE((tmp_path / "files/ab/abc/original").stat().st_mode)
    assert mode == 0o600
    assert list((tmp_path / "files/drafts").iterdir()) == []


def test_folder_drops_drafts_of_the_dead_alone(tmp_path: Path) -> None:
    """By their age."""
    storage = storage_of(f"file://{tmp_path}/files")
    storage.store("ab/abc/original", BytesIO(b"x"))
    old, new = (tmp_path / "files/drafts" / name for name in ("old", "new"))
    for draft in (old, new):
        draft.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert storage.drafts_remove(older_than_s=60) == 1
    assert (old.exists(), new.exists()) == (False, True)


def test_folder_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    """A file stands where it should be."""
    (tmp_path / "files").write_text("in the way")
    storage = storage_of(f"file://{tmp_path}/files")
    with pytest.raises(FilesAwayError):
        storage.store("ab/abc/original", BytesIO(b"x"))


def test_server_without_a_storage_says_so() -> None:
    """An operator has to name one."""
    with override_settings(STORAGES={}), pytest.raises(FilesNotConfiguredError):
        files()


def test_url_of_a_bucket_becomes_the_client_s_options() -> None:
    """With TLS by default, and without a key none."""
    entry = attachments_storage("s3://s3.example.org/bucket?style=virtual")
    options = entry["OPTIONS"]
    assert options["endpoint_url"] == "https://s3.example.org"
    assert (options["access_key"], options["bucket_name"], options["location"]) == (
        None,
        "bucket",
        "",
    )
    assert options["addressing_style"] == "virtual"
