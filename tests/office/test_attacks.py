"""Hostile files: a clear error or harmless text, within memory, without a request."""

import io
import socket
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from apps.core.task_pool import TaskDiedError, TaskTimeoutError, TaskTooLargeError
from apps.office import program
from apps.office.archive import (
    ARCHIVE_FILES_MAX,
    FileUnreadableError,
    UnpackedTooLargeError,
    archive_reduced,
)
from apps.office.pandoc import pandoc_run, pandoc_write
from apps.office.pdf import pdf_write
from apps.office.pictures import html_with_stand_ins
from apps.office.program import ProgramEnd, ProgramLimits, ProgramMissingError, program_run
from tests.crdt.content.trees import Built
from tests.office.samples import (
    LIMITS,
    UNPACKED,
    archive,
    docx,
    exported,
    imported,
    paragraph_run,
    picture,
    read,
    relation,
)

#: A child's limits in these tests: pandoc reads a small file with 80 MB.
SMALL = LIMITS._replace(memory_bytes=512 * 2**20)
#: Errors of a program that ends without a result.
PROGRAM_ERRORS = (TaskDiedError, TaskTimeoutError, TaskTooLargeError)
#: Those, and that of a file that pandoc refuses.
EXPECTED_ERRORS = (*PROGRAM_ERRORS, FileUnreadableError)
#: Reports a process's own peak of memory, in KiB, beside its output.
PEAK = "import resource,sys;print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"


def html_of(data: bytes, kind: str = "docx", limits: ProgramLimits = LIMITS) -> str:
    """Return a file as HTML."""
    return read(data, kind, limits).html


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """Return the address of a server on loopback, and the list of who connected to it."""
    connected: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    connected.append(connection.recv(1_000))

        Thread(target=accept, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}", connected
        server.shutdown(socket.SHUT_RDWR)


def test_entities_are_refused() -> None:
    """External ones, and ones that repeat each other."""
    external = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    for prolog in (external, laughs):
        with pytest.raises(FileUnreadableError, match="entities"):
            html_of(docx(paragraph_run("&e;" if "SYSTEM" in prolog else "&b;"), prolog=prolog))
    wide = f'<?xml version="1.0" encoding="UTF-16"?>{external}<x>&e;</x>'.encode("utf-16")
    with pytest.raises(FileUnreadableError, match="entities"):
        archive_reduced(archive({"word/document.xml": wide}), max_bytes=UNPACKED)


def test_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    """A document.xml of 400 MB in 400 kB, and one whose directory lies about its size."""
    bomb = docx(paragraph_run("a" * 400_000_000))
    assert len(bomb) < 500_000
    with pytest.raises(UnpackedTooLargeError) as raised:
        html_of(bomb)
    assert raised.value.extra == {"limit": "IMPORT_UNPACKED_MAX_BYTES", "value": UNPACKED}
    size = struct.pack("<I", 400_000_000)
    lying = docx(paragraph_run("a" * (400_000_000 - 400)))
    assert size not in lying
    declared = _declared_size(lying)
    with pytest.raises(FileUnreadableError):
        html_of(lying.replace(struct.pack("<I", declared), struct.pack("<I", 1_000)))


def _declared_size(data: bytes) -> int:
    """Return the largest size that a directory of an archive declares."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        return max(part.file_size for part in parts.infolist())


def test_archive_of_many_files_is_refused() -> None:
    """Each costs time, also an empty one."""
    parts: dict[str, bytes | str] = {f"{number}.xml": "" for number in range(ARCHIVE_FILES_MAX + 1)}
    with pytest.raises(UnpackedTooLargeError):
        archive_reduced(archive(parts), max_bytes=UNPACKED)


def test_names_that_lead_out_of_an_archive_are_left_out() -> None:
    """In EPUB and ODT, as in any archive."""
    parts: dict[str, bytes | str] = {
        "mimetype": "application/epub+zip",
        "../../etc/cron.d/x.xml": "<x/>",
        "/etc/x.xml": "<x/>",
        "a\\..\\..\\x.xml": "<x/>",
        "OEBPS/a.xhtml": "<html/>",
    }
    reduced = archive_reduced(archive(parts), max_bytes=UNPACKED)
    with zipfile.ZipFile(io.BytesIO(reduced)) as kept:
        assert kept.namelist() == ["mimetype", "OEBPS/a.xhtml"]


def test_book_that_names_files_of_the_server_shows_none() -> None:
    """By its manifest, and by its package."""
    container = (
        '<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">'
        '<rootfiles><rootfile full-path="p.xml" media-type="application/oebps-package+xml"/>'
        "</rootfiles></container>"
    )
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata/><manifest>'
        '<item id="a" href="../../../../etc/passwd" media-type="application/xhtml+xml"/>'
        '</manifest><spine><itemref idref="a"/></spine></package>'
    )
    data = archive(
        {"mimetype": "application/epub+zip", "META-INF/container.xml": container, "p.xml": package}
    )
    with pytest.raises(FileUnreadableError):
        html_of(data, "epub")


def test_linked_pictures_and_templates_are_not_asked_for(
    listener: tuple[str, list[bytes]],
) -> None:
    """No request leaves: of a Word file, of reStructuredText, of HTML on the way out."""
    address, connected = listener
    relations = relation("image", f"http://{address}/a.png") + relation(
        "attachedTemplate", f"http://{address}/b.dotm", number=10
    )
    html = html_of(docx(paragraph_run("words") + picture(linked=True), relations=relations))
    assert "words" in html
    rst = f".. image:: http://{address}/c.png\n\n.. include:: /etc/passwd\n\nwords\n"
    assert "root:" not in html_of(rst.encode(), "rst")
    for option in (f":url: http://{address}/d", ":file: /etc/passwd"):
        with pytest.raises(FileUnreadableError, match="another one"):
            html_of(f".. csv-table::\n   {option}\n".encode(), "rst")
    page = f'<p>words<img src="http://{address}/e.png"><img src="file:///etc/passwd"></p>'
    for kind in ("docx", "odt", "epub"):
        assert pandoc_write(page, kind, LIMITS)
    assert connected == []


def test_network_is_denied_to_programs(listener: tuple[str, list[bytes]]) -> None:
    """Whatever they are told; this one only tries to connect."""
    address, connected = listener
    host, port = address.split(":")
    script = f"import socket;socket.create_connection(({host!r},{port}))"
    end = program_run([sys.executable, "-I", "-c", script], b"", LIMITS)
    assert end.code == 1
    assert "PermissionError" in end.errors
    assert connected == []


def test_typst_has_no_file_and_no_package() -> None:
    """A source that names one is refused; ours never does."""
    for source in (
        '#read("/etc/passwd")',
        '#read("../../../../etc/passwd")',
        '#image("/etc/passwd")',
        '#import "@preview/cetz:0.3.0": canvas',
    ):
        with pytest.raises(PROGRAM_ERRORS):
            pdf_write(source.encode(), LIMITS)


def test_source_of_typst_without_end_is_ended() -> None:
    """By its processor time or its memory."""
    limits = SMALL._replace(cpu_s=1)
    loop = b'#let x = ("a",)\n#while x.len() > 0 { x = x + x }'
    with pytest.raises(PROGRAM_ERRORS):
        pdf_write(loop, limits)


def test_text_that_looks_like_typst_or_tex_is_text() -> None:
    """In a title, a paragraph, code and an address."""
    evil = '#read("/etc/passwd") $x$ \\input{/etc/passwd} ```{=typst}\n#panic()\n```'
    blocks: list[Built] = [
        {"type": "paragraph", "content": [{"type": "text", "text": evil}]},
        {"type": "codeBlock", "content": [{"type": "text", "text": evil}]},
    ]
    assert exported(blocks, "pdf", title=evil).startswith(b"%PDF-")


def test_file_that_expands_in_pandoc_is_ended_by_its_memory() -> None:
    """The heap ends the program; no more memory than allowed is taken."""
    table = b"*a* " * 4_000_000
    with pytest.raises(TaskTooLargeError) as raised:
        pandoc_run(table, SMALL._replace(memory_bytes=256 * 2**20), "--from=markdown", "--to=html")
    assert raised.value.extra["limit"] == "CONVERSION_MEMORY_BYTES"
    script = (
        "import sys;sys.path.insert(0, sys.argv[1]);"
        "from apps.office.pandoc import pandoc_run;"
        "from apps.office.program import ProgramLimits\n"
        "try: pandoc_run(b'*a* '*4_000_000, ProgramLimits(60, 256<<20, 1<<24), '--from=markdown')\n"
        f"except Exception: pass\n{PEAK}"
    )
    root = str(Path(program.__file__).parents[2])
    peak = subprocess.run(
        [sys.executable, "-c", script, root], capture_output=True, check=True
    ).stdout
    assert int(peak) * 1024 < 256 * 2**20


def test_output_that_is_too_long_is_refused() -> None:
    """No more than the limit is read."""
    limits = LIMITS._replace(output_bytes=100_000)
    with pytest.raises(TaskTooLargeError) as raised:
        pandoc_run(b"a " * 100_000, limits, "--from=markdown", "--to=html")
    assert raised.value.extra == {"limit": "CONVERSION_OUTPUT_BYTES", "value": 100_000}


@pytest.mark.parametrize("kind", ["docx", "odt", "epub"])
@pytest.mark.parametrize(
    "data",
    [b"", b"PK\x03\x04", b"\x89PNG\r\n\x1a\n", archive({"a.xml": "<x/>"}), docx("")[:-40]],
)
def test_damaged_file_is_refused(kind: str, data: bytes) -> None:
    """With what to do."""
    with pytest.raises(FileUnreadableError, match="import that"):
        html_of(data, kind)


def test_code_in_addresses_is_no_link() -> None:
    """``javascript:`` and ``data:`` of a Word file and of reStructuredText."""
    links = relation("hyperlink", "javascript:alert(1)") + relation(
        "hyperlink", "data:text/html,&lt;script&gt;alert(1)&lt;/script&gt;", number=10
    )
    body = "".join(
        f'<w:p><w:hyperlink r:id="rId{number}"><w:r><w:t>word{number}</w:t></w:r></w:hyperlink>'
        "</w:p>"
        for number in (9, 10)
    )
    rst = (
        b"`word9 <javascript:alert(1)>`__ `word10 <data:text/html,x>`__\n\n"
        b".. raw:: html\n\n   <script>alert(1)</script>\n"
    )
    for data, kind in ((docx(body, relations=links), "docx"), (rst, "rst")):
        blocks = imported(data, kind)[1]
        assert "word9" in str(blocks)
        assert "'link'" not in str(blocks)
        assert "script" not in str(blocks)


def test_deep_nesting_is_an_error_or_text() -> None:
    """Of tables in a Word file, of groups in RTF, of quotes in reStructuredText."""
    cells = "<w:tbl><w:tr><w:tc>" * 3_000 + paragraph_run("deep") + "</w:tc></w:tr></w:tbl>" * 3_000
    groups = b"{\\rtf1 " + b"{" * 100_000 + b"deep" + b"}" * 100_000 + b"}"
    for data, kind in ((docx(cells), "docx"), (groups, "rtf")):
        try:
            html = html_of(data, kind, SMALL._replace(cpu_s=3))
        except EXPECTED_ERRORS:
            continue
        assert "deep" in html


def test_missing_program_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """503 with what to do, not a crash."""
    with pytest.raises(ProgramMissingError):
        program_run(["/nonexistent/pandoc"], b"", LIMITS)


def test_program_has_no_environment_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret, and no open file."""
    monkeypatch.setenv("SECRET_KEY", "secret")
    script = "import os;print(sorted(os.environ), sorted(os.listdir('/proc/self/fd')))"
    end: ProgramEnd = program_run([sys.executable, "-I", "-c", script], b"", LIMITS)
    assert b"SECRET" not in end.output
    assert b"['0', '1', '2', '3']" in end.output  # the last one lists them


def test_picture_of_an_export_becomes_a_word() -> None:
    """Pandoc would look for it."""
    html = '<body><p><img src="/api/v1/a" alt="a chart"> <img src="/b"></p></body>'
    assert "[picture: a chart] [picture]" in html_with_stand_ins(html, {})
