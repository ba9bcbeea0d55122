"""One round of the upkeep that the server otherwise does by itself every hour."""

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from accounts.central import upkeep


class Command(BaseCommand):
    help = "Clear expired tokens, codes and sessions; rotate signing keys in time."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(json.dumps(upkeep.run(now=timezone.now())))
