"""Pictures in the files of other programs, both ways. Pure.

On the way out pandoc has a stand-in for each picture: the few bytes of its id. It would take 0.4 s
of a processor and 20 MB for each megabyte of a picture. The stand-ins are replaced in the file that
it writes. On the way in it names the parts of the archive that are pictures.
"""

import hashlib
import io
import re
import zipfile
from base64 import b64encode
from collections.abc import Callable, Collection, Mapping
from html import escape, unescape
from typing import Final, NamedTuple
from urllib.parse import unquote

from apps.crdt.content.attached import MAX_WIDTH, address_of, file_id_in
from apps.office.archive import DAMAGE

#: Room of a picture on a page of A4, in pixels of 1/96 inch.
_PAGE_PX: Final = (600, 850)
_PICTURE: Final = re.compile(r"<img\s[^>]*>")
_ATTRIBUTE: Final = re.compile(r'\s(alt|src|style|width)="([^"]*)"')
#: A picture without a caption, which pandoc would number.
_BARE_FIGURE: Final = re.compile(r"<figure>(<img\s[^>]*>)</figure>")
#: The address of a stand-in, which pandoc makes a description in Word.
_DESCRIBED: Final = re.compile(rb'descr="data:image/[a-z]+;base64,([A-Za-z0-9+/=]{88})"')
#: The address of a file in HTML and in Markdown, as ``attached.address_of`` writes it.
_FILE_ADDRESS: Final = re.compile(r'(<img src="|\]\()attachments/([0-9a-f]{64})/')
#: The alternative text of a picture in Markdown, and the most characters that are searched for it.
_MARKDOWN_ALT: Final = re.compile(r"(?:\\.|[^\]\\\n])*+")
_ALT_MAX_CHARS: Final = 4_000
#: Addresses on the web, which nothing here asks for.
_WEB: Final = ("http:", "https:", "//")
_WIDTH: Final = re.compile(r"(?:^|;)\s*width:\s*(\d{1,5}(?:\.\d{1,9})?)(in|cm|mm|pt|px)")
_WIDTH_ALONE: Final = re.compile(r"(\d{1,5})()")
_UNIT_PX: Final = {"in": 96, "cm": 96 / 2.54, "mm": 96 / 25.4, "pt": 96 / 72, "px": 1, "": 1}
#: Of a name in an archive: characters and folders in which an end is looked for.
_NAME_MAX_CHARS: Final = 1_000
_FOLDERS_MAX: Final = 10


class OfficePicture(NamedTuple):
    """A picture of an export: PNG or JPEG, and its own width and height in pixels."""

    data: bytes
    media_type: str
    width: int
    height: int


def picture_ids(html: str) -> list[str]:
    """Return the ids of the pictures of a page, each once, in their order."""
    addresses = (_attributes(found).get("src") for found in _PICTURE.findall(html))
    return list(dict.fromkeys(filter(None, map(file_id_in, addresses))))


def picture_ids_in_text(text: str) -> list[str]:
    """Return the ids of the files that ``text_with_pictures`` may replace, each once."""
    return list(dict.fromkeys(file_id for _, file_id in _FILE_ADDRESS.findall(text)))


def html_with_stand_ins(html: str, pictures: Mapping[str, OfficePicture]) -> str:
    """Return a page whose pictures are stand-ins; one that is not among ``pictures`` is a word."""

    def stand_in(file_id: str, picture: OfficePicture, _alt: str) -> str:
        return f"data:{picture.media_type};base64,{b64encode(file_id.encode()).decode()}"

    return _replaced(html, pictures, stand_in)


def text_with_pictures(
    text: str, pictures: Mapping[str, OfficePicture], *, max_bytes: int
) -> bytes:
    """Return a page of HTML or a text of Markdown with the pictures themselves, as ``data:``.

    A picture may stand there often: each time counts. Beyond ``max_bytes`` the addresses stay.
    """
    addresses: dict[str, str] = {}
    left = max_bytes

    def data(found: re.Match[str]) -> str:
        nonlocal left
        picture = pictures.get(found[2])
        if picture is None or not _is_picture(text, found) or len(picture.data) > left:
            return found[0]
        left -= len(picture.data)
        if found[2] not in addresses:
            encoded = b64encode(picture.data).decode()
            addresses[found[2]] = f"data:{picture.media_type};base64,{encoded}"
        return found[1] + addresses[found[2]]

    return _FILE_ADDRESS.sub(data, text).encode()


def _is_picture(text: str, found: re.Match[str]) -> bool:
    """Return whether a file's address is that of a picture, not of a link in Markdown."""
    if found[1] != "](":
        return True
    begin = text.rfind("![", max(0, found.start() - _ALT_MAX_CHARS), found.start())
    return begin >= 0 and bool(_MARKDOWN_ALT.fullmatch(text, begin + 2, found.start()))


def archive_filled(data: bytes, pictures: Mapping[str, OfficePicture]) -> bytes:
    """Return an archive that pandoc wrote, with pictures in the places of their stand-ins."""
    known = {file_id.encode(): picture for file_id, picture in pictures.items()}
    described = {b64encode(file_id) for file_id in known}
    filled = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(filled, "w") as copy:
        for part in source.infolist():
            content = source.read(part)
            if content in known:
                part.compress_type = zipfile.ZIP_STORED
                content = known[content].data
            elif part.filename.endswith(".xml"):
                content = _DESCRIBED.sub(
                    lambda found: b'descr=""' if found[1] in described else found[0], content
                )
            copy.writestr(part, content)
    return filled.getvalue()


class PlacedPictures(NamedTuple):
    """The pictures of a PDF: a page that numbers them, their bytes, and a line of typst's source.

    The line names the places: for each number the start, the end, and the alternative text.
    """

    html: str
    data: bytes
    places: str


def pictures_placed(html: str, pictures: Mapping[str, OfficePicture]) -> PlacedPictures:
    """Return the pictures of a page as typst reads them: one after the other."""
    starts: dict[str, int] = {}
    size = 0
    for file_id, picture in pictures.items():
        starts[file_id] = size
        size += len(picture.data)
    places: list[str] = []

    def place(file_id: str, picture: OfficePicture, alt: str) -> str:
        start = starts[file_id]
        words = alt.replace("\\", "\\\\").replace('"', '\\"')
        places.append(f'({start}, {start + len(picture.data)}, "{words}"),')
        return str(len(places) - 1)

    named = _replaced(html, pictures, place)
    data = b"".join(picture.data for picture in pictures.values())
    return PlacedPictures(named, data, f"#let places = ({''.join(places)})\n")


class ReadPicture(NamedTuple):
    """A picture of an imported file: its name there, and its bytes, which nothing has decoded."""

    name: str
    data: bytes


def pictures_found(
    html: str, archive: bytes, *, max_count: int, max_bytes: int
) -> tuple[str, dict[str, ReadPicture]]:
    """Return pandoc's page with the addresses of attachments, and these by their ids.

    ``archive`` is the file that was sent, with the parts that ``archive_reduced`` left empty. At
    most ``max_count`` pictures of at most ``max_bytes`` together are unpacked; others keep their
    addresses.
    """
    pictures: dict[str, ReadPicture] = {}
    with zipfile.ZipFile(io.BytesIO(archive)) as parts:
        finder = _PartFinder(parts, max_count, max_bytes)

        def attachment(found: re.Match[str]) -> str:
            attributes = _attributes(found[0])
            picture = finder.find(attributes.get("src", ""))
            if picture is None:
                return found[0]
            file_id = hashlib.sha256(picture.data).hexdigest()
            pictures[file_id] = picture
            width = _shown_width(attributes)
            return (
                f'<img src="{address_of(file_id)}" alt="{escape(attributes.get("alt", ""))}"'
                f"{width}>"
            )

        return _PICTURE.sub(attachment, html), pictures


def html_with_pictures(html: str, file_ids: Collection[str]) -> str:
    """Return pandoc's page with these pictures; another one becomes a word.

    One with an address on the web stays, and becomes a link.
    """

    def kept(found: re.Match[str]) -> str:
        source = _attributes(found[0]).get("src", "")
        is_kept = file_id_in(source) in file_ids or source.startswith(_WEB)
        return found[0] if is_kept else picture_words(found[0])

    return _PICTURE.sub(kept, html)


def picture_words(picture: str) -> str:
    """Return the word that stands for a picture of a page, with its description."""
    words = _attributes(picture).get("alt", "").strip()
    return f"[picture: {escape(words)}]" if words else "[picture]"


class _PartFinder:
    """Finds pictures in an archive by pandoc's names, each read once, within limits."""

    def __init__(self, parts: zipfile.ZipFile, max_count: int, max_bytes: int) -> None:
        self._parts = parts
        self._names = set(parts.namelist())
        #: Parts by the ends of their names, in which pandoc leaves out folders.
        self._ends = {name[at + 1 :]: name for name in parts.namelist() for at in _slashes(name)}
        self._count, self._bytes = max_count, max_bytes
        self._read: dict[str, ReadPicture | None] = {}

    def find(self, source: str) -> ReadPicture | None:
        """Return the picture with an address; None for one elsewhere, and beyond the limits."""
        named = unquote(source)
        name = named if named in self._names else self._ends.get(named)
        if name is None:
            return None
        if name not in self._read:
            self._read[name] = self._content(name)
        return self._read[name]

    def _content(self, name: str) -> ReadPicture | None:
        if self._count <= 0:
            return None
        try:
            with self._parts.open(name) as part:
                data = part.read(self._bytes + 1)
        except DAMAGE:
            return None
        if not data or len(data) > self._bytes:
            return None
        self._count -= 1
        self._bytes -= len(data)
        return ReadPicture(name.rpartition("/")[2], data)


def _slashes(name: str) -> list[int]:
    return [at for at, char in enumerate(name[:_NAME_MAX_CHARS]) if char == "/"][:_FOLDERS_MAX]


def _shown_width(attributes: Mapping[str, str]) -> str:
    """Return the width that a file gives a picture, as an attribute in pixels; else nothing."""
    size = _WIDTH.search(attributes.get("style", "")) or _WIDTH_ALONE.fullmatch(
        attributes.get("width", "")
    )
    if size is None:
        return ""
    width = round(float(size[1]) * _UNIT_PX[size[2]])
    return f' width="{width}"' if 1 <= width <= MAX_WIDTH else ""


def _replaced(
    html: str,
    pictures: Mapping[str, OfficePicture],
    address: Callable[[str, OfficePicture, str], str],
) -> str:
    """Return a page with other addresses of its pictures, each as large as a page may show it."""

    def picture(found: re.Match[str]) -> str:
        attributes = _attributes(found[0])
        file_id = file_id_in(attributes.get("src")) or ""
        if file_id not in pictures:
            return picture_words(found[0])
        alt, own = attributes.get("alt", ""), pictures[file_id]
        width, height = _size_on_page(own, attributes.get("width", ""))
        source = address(file_id, own, alt)
        return f'<img src="{source}" alt="{escape(alt)}" width="{width}" height="{height}">'

    return _PICTURE.sub(picture, _BARE_FIGURE.sub(r"<p>\1</p>", html))


def _size_on_page(picture: OfficePicture, width: str) -> tuple[int, int]:
    wanted = int(width) if width.isdecimal() else picture.width
    high = picture.height / max(picture.width, 1)
    shown = min(wanted, _PAGE_PX[0], _PAGE_PX[1] / max(high, 1e-6))
    return max(round(shown), 1), max(round(shown * high), 1)


def _attributes(picture: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(picture)}
