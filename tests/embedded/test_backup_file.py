"""The file of a backup: what was put in comes out, and nothing else is ever taken."""

import gzip
import io
import json
import stat
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.embedded.backup_file import (
    DOCUMENTS,
    MANIFEST,
    POSTGRES,
    SECRETS,
    archive_read,
    archive_write,
    product_version,
    secrets_decode,
    secrets_encode,
)
from apps.embedded.errors import EmbeddedError
from apps.embedded.restore import restore

PARTS = {DOCUMENTS: b"d" * 5000, POSTGRES: b"p" * 3000, SECRETS: b'{"secret_key": "k"}'}
#: Name, content and type of what is in a tar.
Member = tuple[str, bytes, bytes]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a small backup with made-up parts."""
    folder = tmp_path / "parts"
    (folder / "mongo").mkdir(parents=True)
    for name, content in PARTS.items():
        (folder / name).write_bytes(content)
    archive_write(tmp_path / "a.backup", folder, list(PARTS), created_at="2026-01-02T03:04:05")
    return tmp_path / "a.backup"


def members(file: Path) -> list[Member]:
    """Return what is in a backup."""
    with tarfile.open(file) as tar:
        return [
            (each.name, (tar.extractfile(each) or io.BytesIO()).read(), each.type) for each in tar
        ]


def write(file: Path, content: list[Member]) -> None:
    """Write a tar as somebody may have made it."""
    with tarfile.open(file, "w:gz") as tar:
        for name, data, kind in content:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(data)
            member.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            tar.addfile(member, io.BytesIO(data))


def with_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[list[Member]], None]:
    """Return what changes the manifest within a list of members."""

    def apply(content: list[Member]) -> None:
        manifest = json.loads(content[0][1])
        change(manifest)
        content[0] = (MANIFEST, json.dumps(manifest).encode(), tarfile.REGTYPE)

    return apply


def assert_refused(file: Path, reason: str) -> None:
    """Check that a restore says why, and has not even made the folder."""
    data_dir = file.parent / "data"
    with pytest.raises(EmbeddedError) as refusal:
        restore(file, data_dir, tell=lambda _: None, force=True)
    assert reason in str(refusal.value)
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not data_dir.exists()
    assert not (file.parent.parent / "x").exists()


def test_parts_come_out_as_they_went_in(file: Path, tmp_path: Path) -> None:
    """With name, size and checksum of each in the manifest."""
    into = tmp_path / "into"
    into.mkdir()
    manifest = archive_read(file, into)
    assert {name: (into / name).read_bytes() for name in PARTS} == PARTS
    assert [(part.name, part.bytes) for part in manifest.parts] == [
        (name, len(content)) for name, content in PARTS.items()
    ]
    assert (manifest.created_at, manifest.product_version) == (
        "2026-01-02T03:04:05",
        product_version(),
    )


def test_backup_is_for_its_owner_alone_and_does_not_say_who_that_is(file: Path) -> None:
    """It holds the secret key and everybody's texts."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as tar:
        assert {(each.uid, each.uname, each.mode) for each in tar} == {(0, "", 0o600)}


def test_file_that_is_there_is_not_written_over(file: Path, tmp_path: Path) -> None:
    """Not even when it appears in the last moment."""
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        archive_write(file, tmp_path / "parts", list(PARTS), created_at="")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no backup of Scriptorium"),
        (b"To whom it may concern\n" * 100, "no backup of Scriptorium"),
        (gzip.compress(b"To whom it may concern\n" * 100), "no backup of Scriptorium"),
        (gzip.compress(bytes(10_240)), "does not begin with manifest.json"),
    ],
    ids=["empty", "text", "compressed text", "empty tar"],
)
def test_file_that_is_no_backup_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    """Whatever it is."""
    file = tmp_path / "a.backup"
    file.write_bytes(content)
    assert_refused(file, reason)


def test_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """It is not there, or a folder."""
    assert_refused(tmp_path / "none", "No such file")
    (tmp_path / "folder").mkdir()
    assert_refused(tmp_path / "folder", "Is a directory")


def test_file_that_is_cut_off_is_refused_wherever_it_ends(file: Path) -> None:
    """Also when only the last byte is missing, which is none of any part."""
    whole = file.read_bytes()
    for length in (*range(20, len(whole), len(whole) // 20), len(whole) - 1):
        file.write_bytes(whole[:length])
        assert_refused(file, "is cut off")


def test_file_with_a_flipped_bit_is_refused_wherever_it_is(file: Path) -> None:
    """From the first byte behind gzip's ten of its own to the last of its checksum."""
    whole = file.read_bytes()
    for position in (*range(10, len(whole), len(whole) // 40), len(whole) - 1):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        if says_the_same(damaged, whole):
            continue  # between two blocks of the compression there are bits that say nothing
        file.write_bytes(damaged)
        assert_refused(file, str(file))


def says_the_same(damaged: bytes | bytearray, whole: bytes) -> bool:
    """Tell whether a damaged file has the content of the whole one."""
    try:
        return gzip.decompress(damaged) == gzip.decompress(whole)
    except (OSError, EOFError, zlib.error):
        return False


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_manifest(lambda it: it.update(version=2)), "has version 2"),
        (with_manifest(lambda it: it.update(format="zip")), "is of 'zip'"),
        (with_manifest(lambda it: it.pop("parts")), "manifest cannot be read"),
        (with_manifest(lambda it: it["parts"].pop()), "does not name secrets.json"),
        (with_manifest(lambda it: it["parts"].append(it["parts"][0])), "names a part twice"),
        (with_manifest(lambda it: it["parts"][0].update(name="../x")), "names '../x'"),
        (with_manifest(lambda it: it["parts"][0].update(name="mongo/../x.db")), "mongo/../x.db"),
        (with_manifest(lambda it: it["parts"][0].update(sha256="0" * 64)), "checksum is another"),
        (with_manifest(lambda it: it["parts"][0].update(bytes=1)), "checksum is another"),
        (lambda it: it.__setitem__(0, (MANIFEST, b"{", tarfile.REGTYPE)), "cannot be read"),
        (lambda it: it.__setitem__(0, (MANIFEST, b"[]", tarfile.REGTYPE)), "cannot be read"),
        (lambda it: it.pop(0), "does not begin with manifest.json"),
        (lambda it: it.pop(), "secrets.json is missing"),
        (lambda it: it.pop(1), "where mongo/scriptorium.db has to be"),
        (lambda it: it.insert(1, ("../x", b"x", tarfile.REGTYPE)), "holds '../x'"),
        (lambda it: it.append(("../x", b"x", tarfile.REGTYPE)), "holds '../x'"),
        (lambda it: it.__setitem__(1, (DOCUMENTS, b"", tarfile.SYMTYPE)), "checksum is another"),
        (lambda it: it.__setitem__(1, (DOCUMENTS, b"d" * 4999 + b"x", tarfile.REGTYPE)), "another"),
    ],
)
def test_backup_that_holds_something_else_is_refused(
    file: Path, change: Callable[[list[Member]], object], reason: str
) -> None:
    """Another version, a part too few or too many, a name that leads elsewhere, other content."""
    content = members(file)
    change(content)
    write(file, content)
    assert_refused(file, reason)


def test_link_in_the_place_of_a_part_is_refused(file: Path) -> None:
    """Also where the manifest names what is behind it."""
    content = members(file)
    with_manifest(lambda it: it["parts"][0].update(bytes=0))(content)
    content[1] = (DOCUMENTS, b"", tarfile.SYMTYPE)
    write(file, content)
    assert_refused(file, "is not a plain file")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"secret_key": ""}', b'{"secret_key": 1}'])
def test_secrets_that_are_none_are_refused(data: bytes) -> None:
    """A key that anybody can guess is worse than none."""
    with pytest.raises(EmbeddedError, match=r"secrets\.json"):
        secrets_decode(data)
    assert secrets_decode(secrets_encode("k")) == "k"
