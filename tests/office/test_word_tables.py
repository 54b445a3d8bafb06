"""Tables of Word files: no cell is lost, nested ones keep their words, cells are bounded."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from apps.office import word_tables
from apps.office.word_tables import rows_filled
from tests.crdt.content.trees import Built
from tests.crdt.samples import patient
from tests.office.samples import docx, imported, paragraph_run, texts

#: Each run of pandoc takes 60 ms or more.
few = examples(patient, max_examples=6)


def cell(words: str, span: int = 1, more: str = "") -> str:
    """Return a cell of Word."""
    spanned = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    return f"<w:tc><w:tcPr>{spanned}{more}</w:tcPr>{paragraph_run(words)}</w:tc>"


def word_table(*rows: str, columns: int = 0) -> str:
    """Return a table of Word, with a grid of so many columns if it has one."""
    grid = '<w:gridCol w:w="100"/>' * columns
    own = f"<w:tblGrid>{grid}</w:tblGrid>" if columns else ""
    return f"<w:tbl>{own}{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"


def words_of(blocks: list[Built]) -> list[str]:
    """Return the texts of a document."""
    return [one["text"] for one in texts(blocks)]


def test_merged_cells_and_head_are_those_of_word() -> None:
    """As Word writes them: a grid, spans, vertical merges, a row that each page repeats."""
    head = f"<w:trPr><w:tblHeader/></w:trPr>{cell('head', 2)}{cell('more')}"
    tall = cell("tall", more='<w:vMerge w:val="restart"/>') + cell("b") + cell("c")
    below = cell("", more="<w:vMerge/>") + cell("d") + cell("e")
    look = '<w:tblPr><w:tblLook w:val="04A0" w:firstRow="1"/></w:tblPr>'
    body = word_table(head, tall, below, columns=3).replace("<w:tbl>", f"<w:tbl>{look}", 1)
    [table] = imported(docx(body), "docx")[1]
    rows = [
        [
            (one["type"], one.get("attrs", {}), "".join(words_of([one])))
            for one in row.get("content", [])
        ]
        for row in table["content"]
    ]
    assert rows == [
        [("tableHeader", {"colspan": 2}, "head"), ("tableHeader", {}, "more")],
        [("tableCell", {"rowspan": 2}, "tall"), ("tableCell", {}, "b"), ("tableCell", {}, "c")],
        [("tableCell", {}, "d"), ("tableCell", {}, "e")],
    ]


_rows = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=4), min_size=1, max_size=4)


@pytest.mark.parametrize("columns", [0, 1, 4])
def test_no_cell_of_uneven_rows_is_lost(columns: int) -> None:
    """Whatever the grid says, and also where the first row is the shortest."""

    @few
    @given(_rows)
    def check(spans: list[list[int]]) -> None:
        words = [[f"c{row}x{at}" for at in range(len(own))] for row, own in enumerate(spans)]
        rows = ["".join(map(cell, line, own)) for line, own in zip(words, spans, strict=True)]
        found = words_of(imported(docx(word_table(*rows, columns=columns)), "docx")[1])
        assert [one for one in " ".join(found).split() if one.startswith("c")] == [
            word for line in words for word in line
        ]

    check()


def test_table_within_a_table_keeps_its_words_in_order() -> None:
    """The outer one becomes blocks, the inner one stays a table, uneven or not."""
    inner = word_table(cell("a"), cell("b") + cell("c"))
    rows = (
        cell("outer") + f"<w:tc>{inner}{paragraph_run('after')}</w:tc>",
        cell("below") + cell("right"),
    )
    blocks = imported(docx(word_table(*rows, columns=2)), "docx")[1]
    assert [one["type"] for one in blocks].count("table") == 1
    assert " ".join(words_of(blocks)).replace(" | ", " ").split() == [
        *("outer", "a", "b", "c", "after", "below", "right"),
    ]


def test_rows_that_are_even_or_hostile_are_not_changed() -> None:
    """Damaged XML, another encoding, spans without end, and more cells than one file may get."""
    even = docx_part(word_table(cell("a", 2), cell("b") + cell("c"), columns=2))
    wide = docx_part(word_table(cell("a", 10**9), columns=1))
    for part in (even, wide, even[:-20], even.decode().encode("utf-16"), b""):
        assert rows_filled(part) == part
    row = cell("b") * 200
    many = docx_part(word_table(cell("a"), row) * 1_000)
    assert len(rows_filled(many)) < len(many) + 30 * word_tables._ADDED_MAX * 2


def docx_part(body: str) -> bytes:
    """Return a document.xml."""
    return f'<w:document xmlns:w="w"><w:body>{body}</w:body></w:document>'.encode()


#: Converts a file with so many cells in a process of its own, which reports its and pandoc's peak.
_MILLION = """
import re, resource, sys
sys.path.insert(0, sys.argv[1])
from apps.core.errors import AppError
from apps.office.conversion import office_convert, office_read
from apps.office.program import ProgramLimits
from tests.office.samples import docx
row = "<w:tr>" + "<w:tc><w:p/></w:tc>" * 1_000 + "</w:tr>"
data = docx("<w:tbl>" + row * int(sys.argv[2]) + "</w:tbl>")
limits = ProgramLimits(cpu_s=60, memory_bytes=MEMORY, output_bytes=64 << 20)
try:
    file = office_read(data, "docx", limits=limits, unpacked_bytes=32 << 20,
        pictures_max=0, pictures_bytes=0)
    office_convert(file.html, picture_ids=())
except AppError as err:
    print(err.extra["limit"], end=" ")
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, end=" ")
# The other counter of a process begins with the peak of the one that started it.
print(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
"""


@pytest.mark.parametrize(
    ("rows", "limit"), [(20, "max_table_cells"), (1_000, "CONVERSION_MEMORY_BYTES")]
)
def test_cells_of_a_word_file_are_bounded_in_memory(rows: int, limit: str) -> None:
    """20,000 are refused by the reader, a million by pandoc's heap; by the processes' own peaks."""
    memory = 512 * 2**20
    root = str(Path(word_tables.__file__).parents[2])
    script = _MILLION.replace("MEMORY", str(memory))
    done = subprocess.run(
        [sys.executable, "-c", script, root, str(rows)], capture_output=True, text=True, check=True
    )
    found, pandoc_kib, own_kib = done.stdout.split()
    assert found == limit
    assert int(pandoc_kib) * 1024 < memory
    assert int(own_kib) * 1024 < memory
