"""Makes a person a member: `add_member --workspace demo --email ana@example.com --role owner`.

A new person's password is read from standard input, or made up and printed once.
"""

import sys
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.models import Role
from accounts.operators import ACTOR, OperatorCommand, Refusal
from accounts.services import additions


class Command(OperatorCommand):
    help = "Make a person a member of a workspace, and a user first when they are new."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--workspace", required=True, help="The slug.")
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, choices=Role.values)
        parser.add_argument("--name", default="")
        parser.add_argument(
            "--password-stdin",
            action="store_true",
            help="Read the new person's password, one line, from standard input.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        workspace = self.workspace(options["workspace"])
        password = None
        if options["password_stdin"]:
            password = sys.stdin.readline().rstrip("\r\n")
        try:
            added = additions.add_member(
                workspace=workspace,
                email=options["email"],
                role=options["role"],
                name=options["name"],
                password=password,
                actor_label=ACTOR,
                now=timezone.now(),
            )
        except additions.MemberInvalid as error:
            raise Refusal(error.problems) from None
        user = added.membership.user
        facts = {
            "workspace": workspace.slug,
            "email": user.email,
            "role": added.membership.role,
            "is_new_user": added.is_new_user,
        }
        words = f"{user.email} is now {added.membership.role} of {workspace.slug}."
        if added.new_password is not None:
            facts["password"] = added.new_password
            words += f"\nPassword, shown only now: {added.new_password}"
        self.answer(facts, words)
