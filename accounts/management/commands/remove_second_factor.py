"""Helps whoever lost theirs: `remove_second_factor --email ana@example.com`.

The password alone lets them in from then on; their other sessions go on. With the central
server's settings it does the same for an account there.
"""

from typing import Any

from allauth.mfa.models import Authenticator
from django.core.management.base import CommandParser
from django.utils import timezone

from accounts.models import User
from accounts.operators import OperatorCommand, Refusal
from accounts.sso import journal, outcomes


class Command(OperatorCommand):
    help = "Remove every second factor of a person, recovery codes with them."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email=options["email"].strip().lower()).first()
        if user is None:
            raise Refusal({"email": "nobody has this address"})
        removed, _ = Authenticator.objects.filter(user=user).delete()
        if removed:
            journal.record(None, outcomes.FACTORS_TAKEN, now=timezone.now(), user=user)
        self.answer(
            {"email": user.email, "removed": removed},
            f"{user.email} signs in with the password alone; removed: {removed}.",
        )
