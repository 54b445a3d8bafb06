"""Preload links for the modules that a page's script imports, so that they load in parallel."""

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Final

from django import template
from django.conf import settings
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

register = template.Library()

#: ``import … from "./x.js"``, ``export … from``, ``import "./x.js"``; not ``import("./x.js")``,
#: which is loaded when it is needed.
_IMPORT: Final = re.compile(r'\b(?:from|import)\s*"(\.{1,2}/[^"]+)"')


@register.simple_tag
def module_preloads(script: str) -> SafeString:
    """Return a ``modulepreload`` link for a script and for each of its imports."""
    find = _closure.__wrapped__ if settings.WHITENOISE_AUTOREFRESH else _closure
    links = ((static(path),) for path in find(script))
    return format_html_join("\n  ", '<link rel="modulepreload" href="{}">', links)


@lru_cache(maxsize=16)
def _closure(script: str) -> tuple[str, ...]:
    """Return a script and its static imports, breadth-first and without duplicates."""
    found = {script: None}
    waiting = [script]
    while waiting:
        imported = [path for path in _imports(waiting.pop(0)) if path not in found]
        found |= dict.fromkeys(imported)
        waiting += dict.fromkeys(imported)
    return tuple(found)


def _imports(script: str) -> Iterator[str]:
    file = finders.find(script)
    if file is None:
        raise template.TemplateSyntaxError(f"There is no static file {script}.")
    for path in _IMPORT.findall(Path(str(file)).read_text(encoding="utf-8")):
        yield normpath(str(PurePosixPath(script).parent / path))
