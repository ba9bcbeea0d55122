"""Django system checks of a deployment: `manage.py check --deploy`, doctor and CI read them.

A setting that is missing or malformed never gets here: `config.env` stops the start.
"""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from celery.exceptions import QueueNotFound
from django.conf import settings
from django.core import checks
from django.utils.module_loading import autodiscover_modules

from config.celery_app import app
from integrations.providers import registry


@checks.register(checks.Tags.security)
def vault_key_is_present(**_: Any) -> Iterable[checks.CheckMessage]:
    """The keys themselves were read by config.env; here they must make sense together."""
    if len(settings.INTEGRATIONS_KEY) != 32:
        yield checks.Error(
            "INTEGRATIONS_KEY is not 32 bytes long.",
            hint="Make one with `manage.py vault_genkey`.",
            id="recado.E001",
        )
    if settings.INTEGRATIONS_KEY in settings.INTEGRATIONS_KEYS_OLD:
        yield checks.Error(
            "INTEGRATIONS_KEY is also one of INTEGRATIONS_KEYS_OLD.",
            hint="The old keys are those that are being rotated out.",
            id="recado.E002",
        )


@checks.register(checks.Tags.security, deploy=True)
def production_is_closed(**_: Any) -> Iterable[checks.CheckMessage]:
    if settings.SANDBOX_ENABLED:
        yield checks.Error(
            "The sandbox provider is on: whoever has a simulated number's key speaks for it.",
            hint="Remove RECADO_SANDBOX.",
            id="recado.E003",
        )
    if urlsplit(settings.PUBLIC_URL).scheme != "https":
        yield checks.Error(
            "PUBLIC_URL is not https.",
            hint="Set the address that people and BSPs use; BSPs refuse http.",
            id="recado.E004",
        )


@checks.register(deploy=True)
def providers_are_importable(**_: Any) -> Iterable[checks.CheckMessage]:
    for slug in registry.slugs():
        try:
            registry.get(slug)
        except Exception as problem:  # noqa: BLE001  # whatever stops the import is the finding
            yield checks.Error(
                f"Provider {slug} cannot be loaded: {problem!r}.",
                hint="See its line in integrations/providers/registry.py.",
                id="recado.E005",
            )


@checks.register(deploy=True)
def queues_are_declared(**_: Any) -> Iterable[checks.CheckMessage]:
    """Every task of ours and every line of the schedule ends in a queue that is read."""
    # Not Celery's own import, which runs the system checks and so would never end.
    autodiscover_modules("tasks")
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    for name in sorted(scheduled - set(app.tasks)):
        yield checks.Error(
            f"The schedule names {name}, which is no task.", id="recado.E006"
        )
    for name in unread_tasks(app):
        yield checks.Error(
            f"Task {name} goes to a queue that nobody reads.",
            hint="Declare it in config/celery_settings.py.",
            id="recado.E007",
        )


def unread_tasks(celery: "Celery[Any]") -> list[str]:
    """The tasks whose route ends in a queue that no worker was told of."""
    unread = []
    for name in sorted(celery.tasks):
        try:
            celery.amqp.router.route({}, name)
        except QueueNotFound:
            unread.append(name)
    return unread
