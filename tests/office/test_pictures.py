"""Pictures and tables in Word, ODT, EPUB and PDF, both ways (docs/formats.md)."""

import hashlib
import io
import struct
import time
import zipfile
from typing import Any

import pytest
from PIL import Image

from apps.attachments.pictures import picture_convert
from apps.crdt.content.prosemirror import document_json
from apps.office.conversion import office_convert, office_read
from apps.office.pictures import (
    OfficePicture,
    html_with_pictures,
    picture_ids,
    picture_ids_in_text,
    text_with_pictures,
)
from tests.attachments import samples
from tests.crdt.content.trees import Built, block, paragraph, table, td, th
from tests.office.samples import (
    LIMITS,
    PICTURES,
    docx,
    exported,
    imported,
    paragraph_run,
    picture,
    read,
    relation,
    texts,
)

#: Formats that carry pictures and are read back.
WHOLE = ("docx", "odt", "epub")


def drawn(data: bytes, media_type: str, width: int, height: int) -> tuple[str, OfficePicture]:
    """Return a picture with its id."""
    own = OfficePicture(data, media_type, width, height)
    return hashlib.sha256(data).hexdigest(), own


PNG = drawn(samples.png(40, 30), "image/png", 40, 30)
PHOTO = drawn(samples.photo(900, 600), "image/jpeg", 900, 600)
BOTH = dict([PNG, PHOTO])


def image(file_id: str, **attrs: Any) -> Built:
    """Return a picture of a document."""
    return block("image", attachment=file_id, **attrs)


DOCUMENT = [
    paragraph("before"),
    image(PNG[0], alt='a "chart" & \\more', caption="Growth <b>", width=120),
    paragraph("between"),
    image(PHOTO[0], alt="a photo"),
    table([th("head"), th("more")], [td(image(PNG[0], alt="in a cell")), "text"]),
    paragraph("after"),
]


def pictures_in(blocks: list[Built]) -> list[Built]:
    """Return the attributes of the pictures of a document."""
    found = []
    for node in blocks:
        found += [node["attrs"]] if node["type"] == "image" else []
        found += pictures_in(node.get("content", []))
    return found


@pytest.mark.parametrize("kind", WHOLE)
def test_pictures_go_out_and_come_back(kind: str) -> None:
    """The same bytes, in the same places, each once in the file, as wide as they were shown."""
    data = exported(DOCUMENT, kind, pictures=BOTH)
    file = read(data, kind)
    assert {key: one.data for key, one in file.pictures.items()} == {
        key: one.data for key, one in BOTH.items()
    }
    _, blocks = imported(data, kind)
    found = pictures_in(blocks)
    assert [one["attachment"] for one in found] == [PNG[0], PHOTO[0], PNG[0]]
    assert found[0]["width"] == 120
    assert found[1]["width"] in (560, 600)  # as wide as the page of paper
    words = [one["text"] for one in texts(blocks)]
    assert [word for word in words if word in ("before", "between", "after")] == [
        "before",
        "between",
        "after",
    ]
    if kind != "odt":
        assert found[0]["caption"] == "Growth <b>"
        assert [one["alt"] for one in found] == ['a "chart" & \\more', "a photo", "in a cell"]


def test_word_file_names_no_stand_in() -> None:
    """The pictures are whole, and nothing of what stood in their places is left."""
    with zipfile.ZipFile(io.BytesIO(exported(DOCUMENT, "docx", pictures=BOTH))) as parts:
        media = [parts.read(name) for name in parts.namelist() if "/media/" in name]
        document = parts.read("word/document.xml")
    assert sorted(media) == sorted(one.data for one in BOTH.values())
    assert b"base64" not in document
    assert b'descr="a photo"' in document


def test_pdf_has_the_pictures() -> None:
    """A photo as it is, its alternative text, and a header that each page repeats."""
    rows: list[list[Built | str]] = [["a", "b"] for _ in range(120)]
    pdf = exported([*DOCUMENT, table([th("h"), th("h")], *rows)], "pdf", pictures=BOTH)
    assert pdf.count(b"/Subtype /Image") + pdf.count(b"/Subtype/Image") >= 2
    scan = PHOTO[1].data[-400:-2]
    assert scan in pdf
    bare = exported([*DOCUMENT, table([th("h"), th("h")], *rows)], "pdf")
    assert b"/Subtype /Image" not in bare
    assert len(pdf) > len(bare) + len(PHOTO[1].data)


@pytest.mark.parametrize("kind", ["docx", "odt", "epub", "rtf", "rst"])
def test_picture_that_is_not_there_is_a_word(kind: str) -> None:
    """Of a lost file, beyond the limits, and in a format without pictures."""
    given = BOTH if kind in ("rtf", "rst") else {}
    _, blocks = imported(exported(DOCUMENT, kind, pictures=given), kind)
    words = " ".join(one["text"] for one in texts(blocks))
    for alt in ('[picture: a "chart" & \\more]', "[picture: a photo]", "[picture: in a cell]"):
        assert alt in words
    assert not pictures_in(blocks)


def test_pictures_of_a_page_are_found_once_each() -> None:
    """In their order, which decides which are within the limits."""
    page = "".join(f'<img src="attachments/{key}/" alt="x">' for key in (*BOTH, *BOTH))
    other = '<img src="https://example.org/a.png"><img alt="none">'
    assert picture_ids(other + page) == list(BOTH)


def rows_of(blocks: list[Built]) -> list[list[tuple[Any, ...]]]:
    """Return the kind, spans, alignment and words of each cell of the first table."""
    own = next(one for one in blocks if one["type"] == "table")
    return [
        [
            (
                cell["type"],
                cell.get("attrs", {}).get("colspan", 1),
                cell.get("attrs", {}).get("rowspan", 1),
                cell.get("attrs", {}).get("align"),
                "/".join(one["text"] for one in texts([cell])),
            )
            for cell in row["content"]
        ]
        for row in own["content"]
    ]


TABLE = table(
    [th("both", colspan=2), th("right", align="right")],
    [td("tall", rowspan=2), td("mid", align="center"), td("1", align="right")],
    [td(paragraph("two"), paragraph("blocks"), align="center"), td("2", align="right")],
)


@pytest.mark.parametrize("kind", WHOLE)
def test_table_keeps_header_spans_and_alignment(kind: str) -> None:
    """ODT has no alignment that pandoc reads."""
    own = rows_of([TABLE])
    if kind == "odt":
        own = [[(*cell[:3], None, cell[4]) for cell in row] for row in own]
    again = rows_of(imported(exported([TABLE, paragraph("end")], kind), kind)[1])
    assert again == own


def with_picture(data: bytes) -> bytes:
    """Return a Word file with a picture between two paragraphs."""
    inside = relation("image", "media/a.png").replace(' TargetMode="External"', "")
    file = docx(
        paragraph_run("before") + picture(linked=False) + paragraph_run("after"),
        relations=inside,
        word__media__a__png=data,
    )
    return file.replace(b"word/media/a/png", b"word/media/a.png")


def test_bytes_of_a_picture_are_bounded_before_they_are_unpacked() -> None:
    """One that unpacks to more than is allowed, and one too many, become words."""
    bomb = with_picture(bytes(200_000_000))
    assert len(bomb) < 500_000
    file = read(bomb, "docx")
    assert not file.pictures
    assert "[picture]" in html_with_pictures(file.html, ())
    none = office_read(with_picture(samples.png()), "docx", limits=LIMITS, **PICTURES | NONE)
    assert not none.pictures


NONE = {"pictures_max": 0}


def test_picture_that_cannot_be_shown_is_a_word() -> None:
    """Whoever cleans it decides; the text around it stays."""
    file = read(with_picture(b"\x01\x00\x00\x00 a metafile"), "docx")
    assert [one.name for one in file.pictures.values()] == ["a.png"]
    content = office_convert(file.html, picture_ids=())
    assert content.update is not None
    blocks = document_json(content.update)["content"]
    assert [one["text"] for one in texts(blocks)] == ["before", "[picture]", "after"]


def test_address_of_a_foreign_attachment_is_no_picture() -> None:
    """A file may link to one of another document: it is not shown, and not asked for."""
    foreign = f"attachments/{'a' * 64}/"
    data = docx(picture(linked=True), relations=relation("image", foreign))
    _, blocks = imported(data, "docx")
    assert not pictures_in(blocks)


def test_picture_outside_of_the_archive_is_not_read() -> None:
    """Neither by a path, nor by a name of the server."""
    for target in ("../../../../etc/passwd", "/etc/passwd", "media/%2e%2e/%2e%2e/etc/passwd"):
        inside = relation("image", target).replace(' TargetMode="External"', "")
        file = read(docx(picture(linked=False), relations=inside), "docx")
        assert not file.pictures


def test_odt_picture_that_lies_about_its_size_is_left_out() -> None:
    """Its directory declares less than it unpacks to."""
    data = exported([image(PNG[0])], "odt", pictures=dict([PNG]))
    size = len(PNG[1].data)
    short = data.replace(struct.pack("<II", size, size), struct.pack("<II", size, size - 9))
    assert short != data
    assert not read(short, "odt").pictures


def test_picture_of_a_pdf_is_the_only_file_that_typst_can_read() -> None:
    """A hostile alternative text stays text."""
    evil = '"), read("/1"), ("'
    own = drawn(samples.png(30, 20), "image/png", 30, 20)
    pdf = exported([image(own[0], alt=evil)], "pdf", pictures=dict([own]))
    assert pdf.startswith(b"%PDF-")


def test_animation_and_transparency_are_read_by_pillow_before() -> None:
    """What the attachments convert for a file is PNG or JPEG."""
    gif = samples.animation()
    data, kind = picture_convert(gif, "image/gif", max_pixels=10_000)
    assert kind in ("image/png", "image/jpeg")
    with Image.open(io.BytesIO(data)) as still:
        assert getattr(still, "n_frames", 1) == 1
    large = io.BytesIO()
    Image.new("RGB", (4_000, 100)).save(large, "WEBP")
    data, kind = picture_convert(large.getvalue(), "image/webp", max_pixels=10**6)
    with Image.open(io.BytesIO(data)) as scaled:
        assert (scaled.size, kind) == ((1_600, 40), "image/jpeg")


def test_text_has_pictures_up_to_a_limit_however_often_they_stand_there() -> None:
    """Each place counts: a document of some kilobytes may name one picture a thousand times."""
    file_id, own = PNG
    address = f"attachments/{file_id}/"
    page = f'<img src="{address}">' * 5 + f"![a \\] b]({address}) [a link]({address})"
    found = text_with_pictures(page, BOTH, max_bytes=4 * len(own.data)).decode()
    assert (found.count("data:image/png"), found.count(address)) == (4, 3)
    found = text_with_pictures(page, BOTH, max_bytes=100 * len(own.data)).decode()
    assert f"[a link]({address})" in found
    assert (found.count("data:image/png"), found.count(address)) == (6, 1)
    assert picture_ids_in_text(page) == [file_id]


@pytest.mark.parametrize("text", ["![" * 500_000, "![a](attachments/" * 50_000])
def test_text_of_signs_costs_little(text: str) -> None:
    """Whoever may write could stop the export of everybody else."""
    started = time.process_time()
    assert text_with_pictures(text, BOTH, max_bytes=10**6) == text.encode()
    assert time.process_time() - started < 1


def test_description_that_looks_like_a_stand_in_stays() -> None:
    """It is no base64, and broke every Word file of the document."""
    words = "data:image/png;base64," + 85 * "A" + "==="
    data = exported([image(PNG[0], alt=words)], "docx", pictures=BOTH)
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        assert parts.testzip() is None
