#!/usr/bin/env python
"""Run a Django management command of Scriptorium."""

import os
import sys

from django.core.management import execute_from_command_line

from config.starting import errors_in_one_line


def main() -> None:
    """Run the command that the command line names."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.embedded")
    with errors_in_one_line():
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
