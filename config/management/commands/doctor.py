"""`manage.py doctor`, as `manage.py help` lists it; see `config.doctor`."""

import argparse
import sys
from typing import Any

from django.core.management.base import BaseCommand

from config import doctor


class Command(BaseCommand):
    help = "Say what is missing or wrong with this installation, and what to do."
    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        doctor.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        sys.exit(doctor.run(as_json=options["json"]))
