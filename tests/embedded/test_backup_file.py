"""The file of a backup: its parts are read as they were written, anything else is refused."""

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
    files_pack,
    files_unpack,
    product_version,
    secrets_decode,
    secrets_encode,
)
from apps.embedded.errors import EmbeddedError
from apps.embedded.restore import restore

PARTS = {DOCUMENTS: b"d" * 5000, POSTGRES: b"p" * 3000, SECRETS: b'{"secret_key": "k"}'}
#: Name, content and type of a member of a tar.
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
    """Return the members of a backup."""
    with tarfile.open(file) as tar:
        return [
            (member.name, (tar.extractfile(member) or io.BytesIO()).read(), member.type)
            for member in tar
        ]


def write(file: Path, content: list[Member]) -> None:
    """Write a tar with any members."""
    with tarfile.open(file, "w:gz") as tar:
        for name, data, kind in content:
            member = tarfile.TarInfo(name)
            member.type, member.size = kind, len(data)
            member.linkname = "/etc/passwd" if kind == tarfile.SYMTYPE else ""
            tar.addfile(member, io.BytesIO(data))


def with_manifest(change: Callable[[dict[str, Any]], object]) -> Callable[[list[Member]], None]:
    """Return a function that changes the manifest in a list of members."""

    def apply(content: list[Member]) -> None:
        manifest = json.loads(content[0][1])
        change(manifest)
        content[0] = (MANIFEST, json.dumps(manifest).encode(), tarfile.REGTYPE)

    return apply


def assert_refused(file: Path, reason: str) -> None:
    """Check that a restore is refused with the reason, and has not created the folder."""
    folder = file.parent / "data"
    with pytest.raises(EmbeddedError) as refusal:
        restore(file, folder, report=lambda _: None, force=True)
    assert reason in str(refusal.value)
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert not folder.exists()
    assert not (file.parent.parent / "x").exists()


def test_archive_read_returns_the_parts_as_written(file: Path, tmp_path: Path) -> None:
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


def test_archive_is_readable_by_its_owner_only_and_does_not_name_them(file: Path) -> None:
    """It contains the secret key and all documents."""
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with tarfile.open(file) as tar:
        assert {(member.uid, member.uname, member.mode) for member in tar} == {(0, "", 0o600)}


def test_archive_write_does_not_overwrite_a_file(file: Path, tmp_path: Path) -> None:
    """Also if it was created in the last moment."""
    before = file.read_bytes()
    with pytest.raises(FileExistsError):
        archive_write(file, tmp_path / "parts", list(PARTS), created_at="")
    assert file.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a backup of Scriptorium"),
        (b"To whom it may concern\n" * 100, "not a backup of Scriptorium"),
        (gzip.compress(b"To whom it may concern\n" * 100), "not a backup of Scriptorium"),
        (gzip.compress(bytes(10_240)), "does not begin with manifest.json"),
    ],
    ids=["empty", "text", "compressed text", "empty tar"],
)
def test_archive_read_of_another_file_is_refused(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    """Of any kind."""
    file = tmp_path / "a.backup"
    file.write_bytes(content)
    assert_refused(file, reason)


def test_archive_read_of_an_unreadable_file_is_refused(tmp_path: Path) -> None:
    """A missing file, or a folder."""
    assert_refused(tmp_path / "none", "No such file")
    (tmp_path / "folder").mkdir()
    assert_refused(tmp_path / "folder", "Is a directory")


def test_archive_read_of_a_truncated_file_is_refused(file: Path) -> None:
    """Also if only the last byte is missing, which belongs to no part."""
    whole = file.read_bytes()
    for length in (*range(20, len(whole), len(whole) // 20), len(whole) - 1):
        file.write_bytes(whole[:length])
        assert_refused(file, "is truncated")


def test_archive_read_of_a_file_with_a_flipped_bit_is_refused(file: Path) -> None:
    """From the first byte after gzip's header of ten bytes to the last of its checksum."""
    whole = file.read_bytes()
    for position in (*range(10, len(whole), len(whole) // 40), len(whole) - 1):
        damaged = bytearray(whole)
        damaged[position] ^= 0x10
        if has_same_content(damaged, whole):
            continue  # between two blocks of the compression there are unused bits
        file.write_bytes(damaged)
        assert_refused(file, str(file))


def has_same_content(damaged: bytes | bytearray, whole: bytes) -> bool:
    """Return whether a damaged file has the content of the original."""
    try:
        return gzip.decompress(damaged) == gzip.decompress(whole)
    except (OSError, EOFError, zlib.error):
        return False


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_manifest(lambda it: it.update(version=2)), "has version 2"),
        (with_manifest(lambda it: it.update(format="zip")), "its format is 'zip'"),
        (with_manifest(lambda it: it.pop("parts")), "manifest cannot be read"),
        (with_manifest(lambda it: it["parts"].pop()), "does not name secrets.json"),
        (with_manifest(lambda it: it["parts"].append(it["parts"][0])), "names a part twice"),
        (with_manifest(lambda it: it["parts"][0].update(name="../x")), "names '../x'"),
        (with_manifest(lambda it: it["parts"][0].update(name="mongo/../x.db")), "mongo/../x.db"),
        (
            with_manifest(lambda it: it["parts"][0].update(sha256="0" * 64)),
            "checksum does not match",
        ),
        (with_manifest(lambda it: it["parts"][0].update(bytes=1)), "checksum does not"),
        (lambda it: it.__setitem__(0, (MANIFEST, b"{", tarfile.REGTYPE)), "cannot be read"),
        (lambda it: it.__setitem__(0, (MANIFEST, b"[]", tarfile.REGTYPE)), "cannot be read"),
        (lambda it: it.pop(0), "does not begin with manifest.json"),
        (lambda it: it.pop(), "secrets.json is missing"),
        (lambda it: it.pop(1), "where mongo/scriptorium.db is expected"),
        (lambda it: it.insert(1, ("../x", b"x", tarfile.REGTYPE)), "contains '../x'"),
        (lambda it: it.append(("../x", b"x", tarfile.REGTYPE)), "contains '../x'"),
        (
            lambda it: it.__setitem__(1, (DOCUMENTS, b"", tarfile.SYMTYPE)),
            "checksum does not match",
        ),
        (
            lambda it: it.__setitem__(1, (DOCUMENTS, b"d" * 4999 + b"x", tarfile.REGTYPE)),
            "checksum does not match",
        ),
    ],
)
def test_archive_read_of_other_members_is_refused(
    file: Path, change: Callable[[list[Member]], object], reason: str
) -> None:
    """Another version, a missing or additional part, a path outside, other content."""
    content = members(file)
    change(content)
    write(file, content)
    assert_refused(file, reason)


def test_archive_read_of_a_link_is_refused(file: Path) -> None:
    """Also if the manifest describes its target."""
    content = members(file)
    with_manifest(lambda it: it["parts"][0].update(bytes=0))(content)
    content[1] = (DOCUMENTS, b"", tarfile.SYMTYPE)
    write(file, content)
    assert_refused(file, "is not a plain file")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"secret_key": ""}', b'{"secret_key": 1}'])
def test_secrets_decode_without_a_key_is_refused(data: bytes) -> None:
    """An empty key would be guessed."""
    with pytest.raises(EmbeddedError, match=r"secrets\.json"):
        secrets_decode(data)
    assert secrets_decode(secrets_encode("k")) == "k"


# --- the files of documents ---


def test_files_are_packed_and_unpacked_by_hash(tmp_path: Path) -> None:
    """Drafts, and whatever else is in the folder, are left out."""
    name = f"ab/ab{'0' * 62}/original"
    for path in (name, "drafts/tmp1", "ab/notes.txt", "README"):
        file = tmp_path / "files" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())
    files_pack(tmp_path / "files", tmp_path / "files.tar")
    files_unpack(tmp_path / "files.tar", tmp_path / "out")
    found = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert [path.relative_to(tmp_path / "out").as_posix() for path in found] == [name]
    assert found[0].read_bytes() == name.encode()
    assert stat.S_IMODE(found[0].stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../evil", tarfile.REGTYPE),
        ("/etc/evil", tarfile.REGTYPE),
        (f"ab/ab{'0' * 62}/../../evil", tarfile.REGTYPE),
        (f"ab/ab{'0' * 62}/original", tarfile.SYMTYPE),
        (f"ab/ab{'0' * 62}/original", tarfile.DIRTYPE),
    ],
)
def test_files_with_other_names_or_links_are_refused(
    tmp_path: Path, name: str, kind: bytes
) -> None:
    """Nothing outside of the folder is written."""
    with tarfile.open(tmp_path / "files.tar", "w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.size, member.linkname = kind, 0, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(EmbeddedError):
        files_unpack(tmp_path / "files.tar", tmp_path / "out")
    assert [path for path in tmp_path.rglob("*") if path.name == "evil"] == []
