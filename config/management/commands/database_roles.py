"""The SQL that makes this installation's roles: `database_roles --apply`."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, connection

from accounts import roles
from accounts.roles import Roles
from config import database


class Command(BaseCommand):
    help = (
        "Print the SQL that makes the run-time role and the role of the functions that "
        "look across workspaces, or run it where the owner may."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--owner", help="Default: the role of DATABASE_OWNER_URL.")
        parser.add_argument("--apply", action="store_true", help="Run it.")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="Read the run-time role's password, one line, from standard input.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        database.become_owner()
        owner = options["owner"] or connection.settings_dict["USER"]
        if owner.endswith("_app"):
            raise CommandError(
                f"{owner} is a run-time role: set DATABASE_OWNER_URL, or name the --owner."
            )
        password = (
            sys.stdin.readline().rstrip("\r\n") if options["password_stdin"] else ""
        )
        for statement in roles.statements(owner, password=password):
            text = statement.as_string().strip()
            if not options["apply"]:
                self.stdout.write(f"{text};")
                continue
            try:
                with connection.cursor() as cursor:
                    cursor.execute(text, None)
            except Error as problem:
                raise CommandError(
                    f"{connection.settings_dict['USER']} may not do that: {problem}"
                ) from None
        if options["apply"]:
            self.stdout.write(f"Recado runs as {Roles(owner).app}.")
