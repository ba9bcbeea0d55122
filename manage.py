#!/usr/bin/env python
"""Recado's command line: `python manage.py help` lists what it can do."""

import importlib
import os
import sys

# These find out what is missing, so they start before the settings are read. Django is
# imported after them: a supervisor that never needs it stays small.
BEFORE_SETTINGS = {"up": "config.embedded.supervisor", "doctor": "config.doctor"}
# This one makes a setting, so it must run while none is set.
KEYLESS = {"vault_genkey"}
# What `help` lists the commands with, where nothing is set and nothing runs.
UNUSED = {
    "SECRET_KEY": "unused",
    "INTEGRATIONS_KEY": "00" * 32,
    "DATABASE_URL": "postgresql://127.0.0.1/unused",
    "REDIS_URL": "redis://127.0.0.1",
}


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    command = arguments[1] if len(arguments) > 1 else "help"
    if command in BEFORE_SETTINGS:
        module = importlib.import_module(BEFORE_SETTINGS[command])
        return int(module.main(arguments[2:]))
    if command in KEYLESS:
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.keyless"
    if command in {"help", "--help", "-h"}:
        os.environ.update(
            {name: os.environ.get(name) or value for name, value in UNUSED.items()}
        )
    importlib.import_module("django.core.management").execute_from_command_line(
        arguments
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
