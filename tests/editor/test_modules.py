"""The modules that a page preloads, and their size."""

import gzip
import re
from pathlib import Path

import pytest
from django.template import TemplateSyntaxError

from apps.core.static_files import static_content, static_digest
from apps.editor.templatetags.modules import _closure, module_preloads
from config.env import BASE_DIR

STATIC = BASE_DIR / "static"
#: Limit for the editor's scripts, styles and icons, compressed as they are served. A commit that
#: raises it names the feature that needs it.
EDITOR_MOST_BYTES = 223_000
#: The same for the list of documents.
LIST_MOST_BYTES = 20_500
#: Modules that are loaded when a dialog is opened, the server refuses a change, or after the page.
LATER = (
    "editor/attribution",
    "editor/author_colours",
    "editor/block_handle",
    "editor/block_menu",
    "editor/code_highlights",
    "editor/conflict_notice",
    "editor/details_keys",
    "editor/find_bar",
    "editor/find_highlights",
    "editor/find_matches",
    "editor/heading_target",
    "editor/outline",
    "editor/shortcuts_dialog",
    "editor/slash_menu",
    "editor/suggestion_popup",
    "editor/suggestion_sources",
    "editor/table_handles",
    "editor/table_menu",
    "editor/table_moves",
    "editor/tables",
    "editor/text_edits",
    "editor/uploads",
    "editor/waiting_changes",
    "editor/word_count",
    "history/diff_view",
    "history/history_dialog",
    "history/replay",
    "history/session_list",
    "panels/activity_dialog",
    "panels/export_dialog",
    "panels/share_dialog",
    "sync/block_edits",
    "sync/conflict_edits",
    "sync/move_conflicts",
    "sync/parting",
    "sync/renewal",
    "ui/tooltip",
)


def packed_bytes(paths: list[str]) -> int:
    """Return the compressed size of static files, as they are served, in bytes."""
    return sum(packed_size(STATIC / path) for path in paths)


def packed_size(file: Path) -> int:
    """Return the size of a file by Brotli where it is prepared, else by gzip, in bytes."""
    prepared = file.with_name(f"{file.name}.br")
    if prepared.exists():
        return prepared.stat().st_size
    return len(gzip.compress(static_content(file), 9))


def test_module_preloads_names_each_script_once_with_its_digest() -> None:
    """The page's own script first, then its imports and their imports."""
    addresses = re.findall(
        r'<link rel="modulepreload" href="([^"]+)">', module_preloads("js/editor/title.js")
    )
    prefix = f"/static/{static_digest()}/js"
    assert addresses == [f"{prefix}/{name}.js" for name in ("editor/title", "lib/api", "ui/dom")]


def test_editor_preloads_what_it_imports_and_not_the_dialogs() -> None:
    """Including bundled modules with their shared part."""
    loaded = _closure("js/pages/editor_page.js")
    first = {"js/sync/provider.js", "js/sync/wire.js", "vendor/tiptap.js", "vendor/yjs.js"}
    assert first <= set(loaded)
    assert any(path.startswith("vendor/shared-") for path in loaded)
    assert not {f"js/{name}.js" for name in LATER} & set(loaded)
    assert all((STATIC / path).is_file() for path in loaded)


def test_missing_script_is_an_error() -> None:
    """The error has its name."""
    with pytest.raises(TemplateSyntaxError, match=r"js/nothing\.js"):
        module_preloads("js/nothing.js")


@pytest.mark.parametrize(
    ("script", "styles", "most"),
    [
        (
            "js/pages/editor_page.js",
            ("css/base.css", "css/header.css", "css/editor.css", "css/blocks.css"),
            EDITOR_MOST_BYTES,
        ),
        (
            "js/pages/documents_page.js",
            ("css/base.css", "css/header.css", "css/documents.css"),
            LIST_MOST_BYTES,
        ),
    ],
)
def test_page_stays_within_its_size_limit(script: str, styles: tuple[str, ...], most: int) -> None:
    """Compressed; not over the limit, and not so far below it that the limit is useless."""
    size = packed_bytes([*_closure(script), *styles, "js/ui/theme.js", "vendor/icons.svg"])
    assert most * 0.8 < size < most, size
