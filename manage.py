#!/usr/bin/env python
"""Recado's command line: `python manage.py help` lists what it can do."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    if sys.argv[1:2] == ["vault_genkey"]:
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.keyless"
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    execute_from_command_line(sys.argv)
