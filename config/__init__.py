"""Configuration of the project."""

from config.garbage_collection import collect_rarely
from config.unused_imports import skip_unused_imports

collect_rarely()
skip_unused_imports()
