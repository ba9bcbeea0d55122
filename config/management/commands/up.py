"""`manage.py up`, as `manage.py help` lists it; see `config.embedded.supervisor`.

manage.py starts it before any setting is read; this class is for `help` and `call_command`.
"""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.embedded import supervisor


class Command(BaseCommand):
    help = "Run all of Recado, with its own PostgreSQL and Valkey where none is set."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        supervisor.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(supervisor.run(port=options["port"], demo=not options["no_demo"]))
