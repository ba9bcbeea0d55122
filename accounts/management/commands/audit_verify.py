"""`manage.py audit_verify`: prove that no audit entry was altered, removed or reordered."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import audit
from accounts.models import Workspace


class Command(BaseCommand):
    help = "Walk the audit chain of every workspace; exit 1 at the first broken one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG")

    def handle(self, *args: Any, **options: Any) -> None:
        workspaces = Workspace.objects.order_by("slug")
        if slug := options["workspace"]:
            workspaces = workspaces.filter(slug=slug)
            if not workspaces:
                raise CommandError(f"There is no workspace {slug}.")
        broken = 0
        for workspace in workspaces:
            report = audit.verify(workspace)
            if report.is_intact:
                self.stdout.write(
                    f"{workspace.slug}: {report.entries} entries intact,"
                    f" head {report.head}"
                )
                continue
            broken += 1
            self.stderr.write(
                f"{workspace.slug}: broken at entry {report.broken_at}"
                f" ({report.problem}); {report.entries} entries before it are intact"
            )
        if broken:
            raise CommandError(f"{broken} audit chains are broken.")
