"""Remove files that no message owns any more; beat does so every few seconds."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.operators import OperatorCommand
from whatsapp.services import file_store


class Command(OperatorCommand):
    help = "Remove the files of messages that were deleted, and those left halfway."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="Count them, and remove nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        is_dry = options["dry_run"]
        count = file_store.sweep(now=timezone.now(), is_dry=is_dry)
        verb = "would be removed" if is_dry else "removed"
        self.answer({"files": count, "dry_run": is_dry}, f"{count} files {verb}.")
