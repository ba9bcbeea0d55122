"""What Recado sends to a sandbox number's phone, over real HTTP, and what comes back."""

import io
import json
import time

import pytest

from integrations import gateway
from integrations.models import Mishap, SimulatedPhone
from integrations.providers.base.errors import (
    MediaGone,
    OutcomeUnknown,
    ProviderError,
    Refused,
    Throttled,
)
from integrations.providers.base.outgoing import (
    Component,
    Media,
    MessageRef,
    OutgoingFile,
    OutgoingMessage,
    Parameter,
    Part,
    Template,
    Text,
)
from integrations.providers.base.templates import TemplateStatus, unfilled
from integrations.providers.base.types import (
    DeliveryStatus,
    MediaRef,
    MessageKind,
    Party,
)
from integrations.providers.sandbox import samples
from integrations.providers.sandbox.behaviour import plan
from integrations.services.simulated_post import POSTMAN
from tests import itself
from tests.factories import integrations as make
from tests.walls import as_app
from webhooks.models import RawWebhook

ANA = Party(wa_id="5511987650001", name="Ana")


@pytest.fixture
def recado(transactional_db, settings, monkeypatch):
    with itself.served(settings, monkeypatch) as server:
        yield server
        assert POSTMAN.wait(60), "a status is still on its way"


@pytest.fixture
def channel(recado, world):
    return make.sandbox_number(world.workspace)


@pytest.fixture
def line(channel):
    with as_app():
        return gateway.open_line(channel.integration, deadline=10)


def send(line, content, **more):
    if isinstance(content, str):
        content = Text(content)
    message = OutgoingMessage(ANA, content, callback_token="tok-1", **more)
    with as_app():
        return line.adapter.send(message, line.credentials, line.http)


def statuses(*, at_least):
    """What our webhook has taken, in order, once that many have come."""
    ends_at = time.monotonic() + 40
    while time.monotonic() < ends_at:
        rows = RawWebhook.objects.order_by("pk")
        events = [
            event for row in rows for event in json.loads(bytes(row.body))["events"]
        ]
        if len(events) >= at_least:
            return events
        time.sleep(0.1)
    raise AssertionError(f"only {events} came")


def test_message_is_taken_and_its_statuses_follow_by_webhook(line):
    result = send(line, "Oi")

    told = statuses(at_least=3)
    assert [one["status"] for one in told] == ["sent", "delivered", "read"]
    assert {one["message_id"] for one in told} == {result.external_id}
    assert {one["callback_token"] for one in told} == {"tok-1"}


def test_phone_reports_the_error_that_the_text_names(line):
    send(line, "Oi #131026")

    [told] = statuses(at_least=1)
    assert told["status"] == "failed"
    assert told["error"]["code"] == "131026"


def test_answer_with_an_error_leaves_open_what_the_statuses_then_settle(line):
    with pytest.raises(OutcomeUnknown):
        send(line, "Oi #500")

    assert {one["callback_token"] for one in statuses(at_least=3)} == {"tok-1"}


@pytest.mark.parametrize(
    ("text", "error", "code"),
    [
        ("#400", Refused, "131009"),
        ("#429", Throttled, "130429"),
        ("#502", OutcomeUnknown, "http_502"),
    ],
)
def test_message_that_is_not_taken_has_no_statuses(line, text, error, code):
    with pytest.raises(error) as caught:
        send(line, f"Oi {text}")

    assert caught.value.code == code
    assert POSTMAN.wait(0)


def test_number_that_is_not_linked_takes_nothing(line):
    SimulatedPhone.objects.unscoped("test").update(linked_phone="")

    with pytest.raises(Refused) as caught:
        send(line, "Oi")

    assert caught.value.code == "not_linked"


def test_phone_without_internet_gets_nothing_before_it_is_back(line):
    SimulatedPhone.objects.unscoped("test").update(mishap=Mishap.OFFLINE)

    send(line, "Oi")

    assert POSTMAN.wait(30)
    assert [one["status"] for one in statuses(at_least=1)] == ["sent"]


@pytest.mark.parametrize("mishap", [Mishap.DOWN, Mishap.HTML])
def test_gateway_in_trouble_leaves_the_outcome_unknown(line, mishap):
    SimulatedPhone.objects.unscoped("test").update(mishap=mishap)

    with pytest.raises(OutcomeUnknown):
        send(line, "Oi")


def test_file_is_uploaded_first_and_sent_by_its_id(line):
    file = OutgoingFile("image/png", content=samples.picture())
    with as_app():
        file_id = line.adapter.upload_media(
            Media(MessageKind.IMAGE, file), line.credentials, line.http
        )

    sent = Media(MessageKind.IMAGE, OutgoingFile("image/png", external_id=file_id))

    assert send(line, sent).external_id


def test_templates_are_listed_page_by_page_in_every_state(line):
    with as_app():
        listed = line.adapter.list_templates(line.credentials, line.http)

    assert len(listed) == len(samples.TEMPLATES) > samples.PAGE
    assert {one.status for one in listed} >= {
        TemplateStatus.APPROVED,
        TemplateStatus.PENDING,
        TemplateStatus.REJECTED,
        TemplateStatus.PAUSED,
    }
    [refused] = [one for one in listed if one.status is TemplateStatus.REJECTED]
    assert refused.reason == "TAG_CONTENT_MISMATCH"


def test_only_an_approved_template_is_sent(line):
    body = Component(Part.BODY, (Parameter(text="Ana"), Parameter(text="7")))
    button = Component(Part.BUTTON, (Parameter(text="7"),))
    template = Template("atualizacao_pedido", "pt_BR", (body, button))
    with as_app():
        listed = line.adapter.list_templates(line.credentials, line.http)

    assert unfilled(listed[0].gaps, template) == ()
    assert send(line, template).external_id
    with pytest.raises(Refused) as caught:
        send(line, Template("pesquisa_antiga", "pt_BR"))
    assert caught.value.code == "132001"


@pytest.mark.parametrize(
    ("kind", "starts"),
    [
        ("image", b"\x89PNG"),
        ("sticker", b"\x89PNG"),
        ("voice", b"RIFF"),
        ("video", b"\x1a\x45\xdf\xa3"),
        ("document", b"%PDF-"),
    ],
)
def test_file_of_the_customer_is_fetched(line, kind, starts):
    into = io.BytesIO()
    media = MediaRef(MessageKind(kind), external_id="m-1")
    with as_app():
        told = line.adapter.fetch_media(
            media, line.credentials, line.http, into=into, most=1_000_000
        )

    assert into.getvalue().startswith(starts)
    assert told.size == len(into.getvalue())


def test_file_that_the_phone_has_not_is_gone(line):
    media = MediaRef(MessageKind.IMAGE, external_id="gone-1")

    with as_app(), pytest.raises(MediaGone):
        line.adapter.fetch_media(
            media, line.credentials, line.http, into=io.BytesIO(), most=1000
        )


def test_file_larger_than_wanted_is_not_taken(line):
    media = MediaRef(MessageKind.IMAGE, external_id="m-1")

    with as_app(), pytest.raises(ProviderError, match="answer_too_large"):
        line.adapter.fetch_media(
            media, line.credentials, line.http, into=io.BytesIO(), most=100
        )


def test_message_of_the_customer_is_marked_as_read(line):
    with as_app():
        line.adapter.mark_read(MessageRef("m-1"), ANA, line.credentials, line.http)


# --- what words do ------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "reached"),
    [
        ("Pedido #17", DeliveryStatus.READ),
        ("oi #unread", DeliveryStatus.DELIVERED),
        ("oi #UNREAD #slow", DeliveryStatus.DELIVERED),
    ],
)
def test_words_tell_how_far_a_message_gets(text, reached):
    assert plan(Text(text)).news[-1].status is reached


def test_silent_message_is_taken_and_never_told_of():
    decided = plan(Text("oi #silent"))

    assert (decided.status, decided.news) == (201, ())


def test_slow_message_keeps_its_order_and_takes_its_time():
    fast, slow = plan(Text("oi")).news, plan(Text("oi #slow")).news

    assert [one.status for one in fast] == [one.status for one in slow]
    assert all(two.after > 5 * one.after for one, two in zip(fast, slow, strict=True))
