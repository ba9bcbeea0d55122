#!/usr/bin/env python
"""Recado's command line: `python manage.py help` lists what it can do."""

import importlib
import os
import sys

# These find out what is missing, so they start before the settings are read. Django is
# imported after them: a supervisor that never needs it stays small.
BEFORE_SETTINGS = {"up": "config.embedded.supervisor", "doctor": "config.doctor"}
# These touch neither a database nor a secret, so a missing setting must not stop them.
WITHOUT_SETTINGS = {"help", "--help", "-h", "version", "--version", "vault_genkey"}


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in BEFORE_SETTINGS:
        module = importlib.import_module(BEFORE_SETTINGS[command])
        return int(module.main(arguments[2:]))
    if command in WITHOUT_SETTINGS:
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.keyless"
    importlib.import_module("django.core.management").execute_from_command_line(
        arguments
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
