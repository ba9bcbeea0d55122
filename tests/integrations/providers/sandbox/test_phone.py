"""What the simulated phone writes, the adapter believes and reads back."""

from datetime import UTC, datetime

import pytest

from integrations.providers import registry
from integrations.providers.base.types import (
    AccountEvent,
    DeliveryStatus,
    MediaRef,
    MessageEvent,
    MessageKind,
    NumberRef,
    Party,
    Referral,
    StatusEvent,
)
from integrations.providers.sandbox import phone
from tests.integrations.providers import golden

CREDENTIALS = golden.credentials("sandbox")
NUMBER = "5511900000001"
ADA = Party(wa_id="5511988880001", bsuid="BR.1349", username="ada.lima", name="Ada")
AT = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)


def _receive(event: dict[str, object]) -> list[object]:
    body, headers = phone.webhook(
        NUMBER, [event], webhook_secret=CREDENTIALS["webhook_secret"]
    )
    adapter = registry.get("sandbox")
    adapter.authenticate_webhook(
        golden.request(body=body, headers=headers), [CREDENTIALS]
    )
    return list(adapter.parse(body, headers))


@pytest.mark.parametrize("kind", MessageKind)
def test_message_of_every_kind_arrives_as_it_was_sent(kind: MessageKind) -> None:
    referral = Referral(ctwa_clid="clid", source_type="ad", source_id="1")
    media = MediaRef(
        kind=kind, external_id="f-1", mime_type="image/png", size=3, is_animated=True
    )

    [event] = _receive(
        phone.message(
            "m-1",
            sender=ADA,
            at=AT,
            text="Ol\u00e1 \U0001f600",
            kind=kind,
            referral=referral,
            media=media,
            reply_to="out-1",
            content={"payload": [1, {"a": None}]},
        )
    )

    assert isinstance(event, MessageEvent)
    assert event.kind == kind
    assert event.number == NumberRef(external_id=NUMBER, phone=NUMBER)
    assert (event.external_id, event.text) == ("m-1", "Ol\u00e1 \U0001f600")
    assert (event.peer, event.provider_at) == (ADA, AT)
    assert (event.referral, event.media) == (referral, media)
    assert event.target_id == "out-1"
    assert event.content == {"payload": [1, {"a": None}]}


@pytest.mark.parametrize("word", DeliveryStatus)
def test_status_of_every_word_arrives_as_it_was_sent(word: DeliveryStatus) -> None:
    [event] = _receive(
        phone.status(
            "out-1",
            word,
            at=AT,
            callback_token="token-1",
            error_code="131047",
            error_text="too late",
        )
    )

    assert isinstance(event, StatusEvent)
    assert (event.external_id, event.status) == ("out-1", word)
    assert (event.provider_at, event.callback_token) == (AT, "token-1")
    assert (event.error_code, event.error_text) == ("131047", "too late")


def test_news_of_the_phone_arrive_as_they_were_sent() -> None:
    [linked] = _receive(phone.news("connected", phone=NUMBER, detail="linked"))
    [unlinked] = _receive(phone.news("disconnected"))

    assert isinstance(linked, AccountEvent)
    assert isinstance(unlinked, AccountEvent)
    assert (linked.state, linked.phone, linked.detail) == (
        "connected",
        NUMBER,
        "linked",
    )
    assert (unlinked.state, unlinked.phone) == ("disconnected", None)
