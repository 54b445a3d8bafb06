"""The program that typesets a PDF: typst's source in, the PDF out.

It is a process of its own, started as ``python -I typst_program.py <bytes of pictures>``. The
pictures stand before the source in its input. It imports nothing of the product, and the product
does not import it, because the library takes memory.
"""

import sys
import tempfile
from pathlib import Path

import typst


def main() -> None:
    """Write the PDF of the source that is read, or end with typst's message."""
    size = int(sys.argv[1])
    source = sys.stdin.buffer.read()[size:]
    empty = tempfile.mkdtemp()
    # Of the open files, only the input is one that can be read, as "/0".
    root = "/dev/fd" if size else empty
    try:
        compiler = typst.Compiler(source, root=root, package_path=empty, package_cache_path=empty)
    finally:
        Path(empty).rmdir()  # without pictures, a source has no file to read
    try:
        pdf = compiler.compile(format="pdf")
    except typst.TypstError as err:
        sys.exit(str(err))
    if isinstance(pdf, bytes):  # a list is of pictures, one for each page
        sys.stdout.buffer.write(pdf)


if __name__ == "__main__":
    main()
