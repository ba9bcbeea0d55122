"""Make the central server ready: its first key, Recado as its client, and a first person.

Safe to repeat. The client's id and secret, and where answers for it may lead, come from
the environment (`CENTRAL_CLIENT_ID`, `CENTRAL_CLIENT_SECRET`, `CENTRAL_REDIRECT_URIS`), so
that no secret is printed; the first person's password is, once.
"""

import argparse
import secrets
import uuid
from typing import Any

from allauth.idp.oidc.models import Client
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.central import clients, journal, people, rules, signing
from accounts.central.models import Application
from accounts.models import User

PASSWORD_BYTES = 12  # 96 bits, 16 characters to type once


class Command(BaseCommand):
    help = "Make the first key, the first client and the first person, where missing."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--email", default="admin@recado.localhost")
        parser.add_argument(
            "--migrate", action="store_true", help="bring the database up to date first"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["migrate"]:
            call_command("migrate", verbosity=0)
        with transaction.atomic():
            self._seed(options["email"])

    def _seed(self, email: str) -> None:
        signing.ensure_key(now=timezone.now())
        if rules.first_party()["client_id"]:
            self._seed_client(**rules.first_party())
        if not User.objects.exists():
            self._seed_person(email)

    def _seed_client(
        self, *, client_id: str, secret: str, redirect_uris: list[str]
    ) -> None:
        if len(secret) < 32:
            raise CommandError("CENTRAL_CLIENT_SECRET is shorter than 32 characters.")
        if not all(
            clients.is_fit_redirect(uri, is_public=False) for uri in redirect_uris
        ):
            raise CommandError("CENTRAL_REDIRECT_URIS holds an address without https.")
        client = Client.objects.filter(pk=client_id).first()
        is_new = client is None
        client = client or Client(pk=client_id, name="Recado")
        before = (client.redirect_uris, client.secret)
        client.type = Client.Type.CONFIDENTIAL
        client.skip_consent = True
        client.set_redirect_uris(redirect_uris)
        client.set_scopes([*clients.IDENTITY_SCOPES, *clients.API_SCOPES])
        client.set_default_scopes(list(clients.IDENTITY_SCOPES))
        client.set_grant_types(["authorization_code", "refresh_token"])
        client.set_response_types(["code"])
        if is_new or not client.check_secret(secret):
            client.secret = clients.hashed(secret)
        client.save()
        Application.objects.update_or_create(
            client=client, defaults={"is_first_party": True}
        )
        if is_new or before != (client.redirect_uris, client.secret):
            journal.record("client.seeded", target=f"client:{client.pk}")

    def _seed_person(self, email: str) -> None:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        sub = rules.first_sub()
        user = people.create_person(
            email=email,
            password=password,
            name="Admin",
            sub=uuid.UUID(sub) if sub else None,
        )
        user.is_platform_admin = True
        user.save(update_fields=["is_platform_admin"])
        journal.record("person.seeded", target=f"user:{user.pk}")
        self.stdout.write(
            f"sign in as {user.email} with the password {password} (shown once)"
        )
