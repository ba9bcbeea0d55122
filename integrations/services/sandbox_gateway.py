"""The gateway of the sandbox, as a provider has one: it shows codes and tells who is linked.

Asked over HTTP by the sandbox's adapter (providers/sandbox/session.py) with a number and its
key; `simulated` is the phone's side of the same rows. It never asks anybody anything, so a
request of Recado's to itself waits for nothing but this.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.models import Channel, Mishap, SimulatedPhone
from integrations.providers.base.proof import is_one_of
from integrations.providers.base.types import NumberRef
from integrations.providers.sandbox import api as words
from integrations.providers.sandbox.codes import Code
from integrations.selectors import routing
from integrations.selectors import simulated as phones
from integrations.services import sandbox, simulated, webhook_urls


@dataclass(frozen=True, slots=True)
class Standing:
    """How a phone stands. `code` is there while it is awaited."""

    state: str
    phone: str = ""
    why: str = ""
    code: Code | None = None
    has_typed: bool = False


ABSENT = Standing(words.ABSENT)


class NotOurs(Exception):
    """The address holds no webhook token of this number's integration."""


def find_channel(number: str, *, key: str) -> Channel | None:
    """The live number whose key this is. Which numbers there are is told to nobody else."""
    if not (number.isascii() and number.isdecimal()):
        return None
    told = [NumberRef(external_id=number)]
    for integration in routing.list_integrations_by_number(sandbox.SLUG, told):
        credentials = gateway.unseal_credentials(integration)
        if is_one_of(key, [credentials["webhook_secret"].encode()]):
            with workspace_transaction(integration.workspace_id):
                channel: Channel | None = (
                    Channel.objects.for_workspace(integration.workspace_id)
                    .filter(integration=integration, external_id=number, is_active=True)
                    .select_related("integration")
                    .first()
                )
            return channel
    return None


def mishap_of(channel: Channel) -> str:
    return phone_of(channel).mishap


def phone_of(channel: Channel) -> SimulatedPhone:
    with workspace_transaction(channel.workspace_id):
        return phones.find_phone(channel)


def standing(channel: Channel, *, now: datetime) -> Standing:
    with workspace_transaction(channel.workspace_id):
        return _standing(phones.find_phone(channel), now=now)


def await_phone(
    channel: Channel, *, wants_pairing_code: bool, webhook_url: str, now: datetime
) -> Standing:
    """Show codes from now on, or go on with those that are shown. Safe to repeat.

    `webhook_url` is where the phone shall post; empty leaves it. Raises NotOurs.
    """
    with workspace_transaction(channel.workspace_id):
        found = simulated.lock(channel)
        if webhook_url:
            _set_webhook(found, webhook_url)
        if found.is_linked:
            return _standing(found, now=now)
        if simulated.code_of(found, now=now) is None:
            found.wants_pairing_code = wants_pairing_code
            simulated.begin_round(found, now=now)
        # Who asks again without wanting one takes none away from who types it just now.
        found.wants_pairing_code |= wants_pairing_code
        found.save()
        return _standing(found, now=now)


def log_out(channel: Channel) -> None:
    """Recado leaves by itself. Safe to repeat."""
    with workspace_transaction(channel.workspace_id):
        simulated.end(simulated.lock(channel), by=simulated.BY_RECADO)


def set_webhook(channel: Channel, url: str) -> str:
    """Let the phone post to a URL of this integration; what is kept. Raises NotOurs."""
    with workspace_transaction(channel.workspace_id):
        found = simulated.lock(channel)
        kept = _set_webhook(found, url)
        found.save(update_fields=["posts_to"])
    return kept


def webhook_of(channel: Channel) -> str:
    """Where the phone posts now."""
    if channel.integration is None:
        return ""
    with workspace_transaction(channel.workspace_id):
        digest = phones.find_phone(channel).posts_to
        if digest is None:
            return f"{settings.PUBLIC_URL}{sandbox.SHARED_PATH}"
        return webhook_urls.find_again(channel.integration, bytes(digest))


def _set_webhook(found: SimulatedPhone, url: str) -> str:
    """By its token alone, and of this installation: no key makes it knock at other doors."""
    integration = found.channel.integration
    digest = webhook_urls.digest_of(url)
    kept = webhook_urls.find_again(integration, digest) if integration else ""
    if not kept:
        raise NotOurs
    found.posts_to = digest
    return kept


def _standing(found: SimulatedPhone, *, now: datetime) -> Standing:
    if found.is_linked:
        is_unsteady = found.mishap == Mishap.UNSTEADY
        state = words.UNSTEADY if is_unsteady else words.LINKED
        return Standing(state, phone=found.linked_phone)
    code = simulated.code_of(found, now=now)
    if code is not None:
        return Standing(words.WAITING, code=code, has_typed=found.wants_pairing_code)
    state = words.USED_UP if found.seed else words.UNLINKED
    return Standing(state, why=found.unlinked_by)
