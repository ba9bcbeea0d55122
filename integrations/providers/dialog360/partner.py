"""Numbers that came by a partner's link: their channel at the hub, and the key made there.

What a browser brought back is believed once the hub says that the channel is of that very
client. A key is made for a channel that has none: one that somebody uses would end with
ours, and a stranger who knows a customer's ids must not be able to take the number over.

Making one takes two questions. The first grants the channel's id alone, once it is ours and
has no key; only who comes back with that id kept makes the key, however often, since then
whatever key is there is one of ours that got lost on its way.
"""

from collections.abc import Mapping
from typing import Final

from integrations.providers.base.errors import (
    CredentialsRefused,
    NumberElsewhere,
    NumberUnknown,
    OutcomeUnknown,
    Refused,
)
from integrations.providers.base.phones import digits_of, is_same_number
from integrations.providers.base.reader import Reader
from integrations.providers.base.texts import gettext_noop as _
from integrations.providers.base.types import SessionReport
from integrations.providers.dialog360 import onboarding
from integrations.providers.dialog360.forms import is_trusted
from integrations.providers.dialog360.line import Line, filter_by_id

_STATES: Final = {
    "ready": "connected",
    "created": "verifying",
    "unverified": "verifying",
    "verified": "verifying",
    "imported": "verifying",
    "modified": "verifying",
    "new_name_requested": "verifying",
    "consents_signed": "verifying",
    "porting_ready": "verifying",
    "ready_for_migration": "verifying",
    "waiting_for_migration_code": "verifying",
    "migration_code_requested": "verifying",
    "certificate_declined": "failed",
    "error": "failed",
}
_NOTHING: Final = _("No number was shared at 360dialog. Open the link again.")
_ANOTHER: Final = _("Another phone number was chosen at 360dialog.")
_ENDED: Final = _("This number was terminated at 360dialog.")
_DECLINED: Final = _("360dialog or Meta declined this number; its hub says why.")
_UNNAMED: Final = _("360dialog does not tell yet which phone number this is.")
_UNSTEADY: Final = _("360dialog is still working on this number.")


class ForeignAddress(Refused):
    """The hub names an address to which no key may go."""

    def __init__(self) -> None:
        super().__init__("foreign_address", "the address is not at 360dialog")


def status(line: Line, session_id: str) -> SessionReport:
    """How the session stands that a link led back to, or that was granted before."""
    kept = line.credentials.get("channel_id", "") if is_granted(line) else ""
    client, channels = onboarding.read_session(kept or session_id)
    if not client:
        return SessionReport(
            state="awaiting_user", provider_state="link", phone=_ours(line)
        )
    if not channels:
        return SessionReport(state="failed", provider_state="none", reason=_NOTHING)
    found = [_read_channel(line, client, channel) for channel in channels]
    ours = [one for one in found if is_same_number(_phone_of(one), _ours(line))]
    unnamed = [one for one in found if not _phone_of(one)]
    if not ours and not unnamed:
        return _report(line, client, found[0], state="failed", reason=_ANOTHER)
    return _settled(line, client, (ours or unnamed)[0])


def is_granted(line: Line) -> bool:
    """Whether a key was made for us, and not only about to be."""
    credentials = line.credentials
    return bool(credentials.get("channel_id") and credentials.get("api_key"))


def renew(line: Line) -> SessionReport:
    """A number granted before: its key if it still opens, else a new one in its place."""
    report = status(line, "")
    if report.state != "connected" or report.granted:
        return report
    try:
        line.ask_number("GET", "/v1/configs/webhook")
    except CredentialsRefused:
        client, [channel_id, *_others] = onboarding.read_session(report.external_id)
        channel = _read_channel(line, client, channel_id)
        granted = _make_key(line, client, channel_id)
        return _report(line, client, channel, state="connected", granted=granted)
    return report


def delete_keys(line: Line) -> None:
    """End every key of the number that was granted to us; nothing when there is none.

    What a browser brought back grants nothing: the keys of that number are somebody else's.
    """
    _client, channels = onboarding.read_session(line.credentials.get("channel_id", ""))
    for channel in channels:
        try:
            line.ask_hub("DELETE", "channels", channel, "api_keys")
        except Refused as error:
            if error.code != "http_404":
                raise


def _settled(line: Line, client: str, channel: Reader) -> SessionReport:
    """The report on the one channel that is ours, with a key once it is ready."""
    word = _word_of(channel)
    if channel.has("terminated_at"):
        return _report(line, client, channel, state="disconnected", reason=_ENDED)
    state = _STATES.get(word, "verifying")
    has_key = bool(line.credentials.get("api_key"))
    if state == "failed":
        return _report(line, client, channel, state=state, reason=_DECLINED)
    if state == "verifying":
        state = "degraded" if has_key else state
        return _report(line, client, channel, state=state, reason=_UNSTEADY)
    if has_key:
        return _report(line, client, channel, state=state)
    if not _phone_of(channel):  # whose it is nobody knows yet: no key is made for it
        return _report(line, client, channel, state="verifying", reason=_UNNAMED)
    channel_id = channel.identifier("id")
    kept = f"{client}/{channel_id}"
    if line.credentials.get("channel_id") == kept:
        granted = _make_key(line, client, channel_id)
        return _report(line, client, channel, state=state, granted=granted)
    if _is_used(line, channel_id):
        raise Refused("key_in_use", "a key of this number is in use elsewhere")
    intent = {"channel_id": kept}
    return _report(line, client, channel, state="verifying", granted=intent)


def _read_channel(line: Line, client: str, channel_id: str) -> Reader:
    """The channel, if it is the client's own."""
    answer = line.ask_hub("GET", "channels", query=filter_by_id(channel_id))
    for channel in answer.find_items("partner_channels"):
        if channel.find_text("id") != channel_id:
            continue
        if _client_of(channel) != client:
            raise NumberElsewhere("another_client", "the number is another customer's")
        return channel
    raise NumberUnknown("no_channel", "360dialog knows no such number of ours")


def _is_used(line: Line, channel_id: str) -> bool:
    """Whether the number has a key, in any of the shapes that the hub lists them in."""
    told = line.ask_hub("GET", "channels", channel_id, "api_keys")
    listed = [*told.find_items("api_keys"), *told.find_items("data")]
    return bool(listed) or told.has("id") or told.has("api_key")


def _make_key(line: Line, client: str, channel_id: str) -> dict[str, str]:
    """A new key, which ends every earlier one, and the address that it opens."""
    told = line.ask_hub("POST", "channels", channel_id, "api_keys", body={})
    made = next(iter(told.find_items("api_keys")), told)
    key, address = made.find_text("api_key"), made.find_text("address")
    if not key or not address:
        raise OutcomeUnknown("unreadable_answer", "the hub answered without a key")
    if not is_trusted(address, line.settings):
        raise ForeignAddress
    return {
        "api_key": key,
        "address": address.rstrip("/"),
        "channel_id": f"{client}/{channel_id}",
    }


def _report(
    line: Line,
    client: str,
    channel: Reader,
    *,
    state: str,
    reason: str = "",
    granted: Mapping[str, str] | None = None,
) -> SessionReport:
    setup = channel.find_section("setup_info") or Reader({})
    quality = channel.find_text("current_quality_rating", most=20)
    return SessionReport(
        state=state,
        provider_state=_word_of(channel),
        external_id=f"{client}/{channel.find_text('id')}",
        phone=_phone_of(channel) or _ours(line),
        display_name=setup.find_text("phone_name", most=100),
        quality=quality.lower() if quality else None,
        limit=channel.find_code("current_limit"),
        reason=reason,
        granted=granted or {},
    )


def _word_of(channel: Reader) -> str:
    return (channel.find_text("status", most=60) or "").lower()


def _client_of(channel: Reader) -> str | None:
    client = channel.find_section("client") or Reader({})
    return channel.find_text("client_id") or client.find_text("id")


def _phone_of(channel: Reader) -> str | None:
    setup = channel.find_section("setup_info") or Reader({})
    return digits_of(setup.find_text("phone_number"))


def _ours(line: Line) -> str | None:
    return digits_of(line.credentials.get("phone_number"))
