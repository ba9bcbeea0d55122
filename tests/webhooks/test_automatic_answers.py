"""What is answered by itself to what comes in: once, to whom it helps, and to nobody else."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.providers.base.outgoing import Text
from integrations.providers.base.types import Party
from tests.factories import cloud_api as cloud
from tests.threads import together
from tests.walls import as_app
from tests.webhooks.conftest import Shop
from tests.webhooks.test_races import drain
from webhooks.models import RawWebhook
from whatsapp.hours import DAY
from whatsapp.models import (
    Conversation,
    Message,
    OptOut,
    OptOutWords,
    OutboxEntry,
    Responder,
)
from whatsapp.services import handling, outbox

ALWAYS = {str(day): [[0, DAY]] for day in range(7)}
ANA = "5511987654321"


def closed_now() -> dict[str, list[list[int]]]:
    """Open on one day alone, which is neither today nor next to it."""
    day = (timezone.now() + timedelta(days=3)).weekday()
    return {str(day): [[9 * 60, 18 * 60]]}


def responder(shop: Shop, **fields: Any) -> Responder:
    values = {
        "answers_closed": True,
        "greets": True,
        "week": closed_now(),
        "texts": {
            "closed": {"pt-br": "Olá, {nome}! Voltamos {abertura}."},
            "greeting": {"pt-br": "Oi, {nome}! Já vamos responder."},
        },
    } | fields
    return Responder.objects.create(
        workspace=shop.workspace, channel=shop.channel, **values
    )


def write(shop: Shop, text: str = "Oi", *, ago: float = 0, **fields: Any) -> RawWebhook:
    """A person writes, `ago` minutes before now."""
    at = int(time.time() - ago * 60)
    [row] = shop.process(cloud.body(cloud.message(text, at=at, **fields)))
    assert row.state == "done", row.error
    return row


def sent(shop: Shop) -> list[str]:
    automatic = shop.rows(Message).filter(origin="automatic").order_by("pk")
    return list(automatic.values_list("text", flat=True))


def reply(shop: Shop, user: User, *, ago: float = 0) -> Message:
    """A person of the team answers, `ago` minutes before now."""
    thread = shop.rows(Conversation).latest("pk")
    draft = outbox.Draft(
        business_key=f"test:{time.time()}",
        channel_id=shop.channel.pk,
        recipient=Party(wa_id=ANA),
        content=Text("Bom dia!"),
        conversation_id=thread.pk,
        author_id=user.pk,
    )
    with as_app():
        promise = outbox.enqueue(shop.workspace.pk, draft, now=timezone.now())
    message: Message = shop.rows(Message).get(pk=promise.message_id)
    message.provider_at -= timedelta(minutes=ago)
    message.save()
    return message


def age(shop: Shop, **ago: float) -> None:
    """Everything that was said is that much older."""
    for message in shop.rows(Message):
        message.provider_at -= timedelta(**ago)
        message.save()


@pytest.mark.django_db(transaction=True)
def test_who_writes_when_it_is_closed_is_told_when_it_opens(shop: Shop) -> None:
    responder(shop)

    write(shop)

    [text] = sent(shop)
    assert text.startswith("Olá, Ana! Voltamos ")
    assert "às 09:00." in text
    entry = shop.rows(OutboxEntry).get()
    assert entry.payload["recipient"]["wa_id"] == ANA
    assert not entry.is_bulk
    message = shop.rows(Message).get(pk=entry.message_id)
    assert (message.author_id, message.content) == (None, {"automatic": "closed"})


@pytest.mark.django_db(transaction=True)
def test_the_person_still_waits_for_an_answer(shop: Shop) -> None:
    responder(shop)

    write(shop, "Tem pão?")

    thread = shop.rows(Conversation).get()
    assert (thread.last_direction, thread.preview) == ("inbound", "Tem pão?")
    assert (thread.unread_count, thread.message_count) == (1, 2)


@pytest.mark.django_db(transaction=True)
def test_it_is_off_until_somebody_turns_it_on(shop: Shop) -> None:
    write(shop)
    responder(shop, answers_closed=False, greets=False)
    write(shop)

    assert sent(shop) == []


@pytest.mark.django_db(transaction=True)
def test_closed_is_told_once_in_an_episode(shop: Shop) -> None:
    responder(shop)

    write(shop)
    write(shop, "Alguém aí?")
    write(shop, "Oi??")
    assert len(sent(shop)) == 1

    age(shop, hours=12)
    write(shop, "Bom dia")
    assert len(sent(shop)) == 2


@pytest.mark.django_db(transaction=True)
def test_an_answer_of_the_team_ends_the_episode(shop: Shop, world: Any) -> None:
    responder(shop)
    write(shop)
    age(shop, minutes=60)

    reply(shop, world.agent, ago=30)
    write(shop, "E amanhã?")

    assert len(sent(shop)) == 2


@pytest.mark.django_db(transaction=True)
def test_nobody_is_interrupted(shop: Shop, world: Any) -> None:
    responder(shop)
    write(shop, ago=1)
    reply(shop, world.agent)

    write(shop, "Obrigada!")

    assert len(sent(shop)) == 1


@pytest.mark.django_db(transaction=True)
def test_who_takes_a_conversation_is_at_it(shop: Shop, world: Any) -> None:
    write(shop, ago=1)
    responder(shop)
    thread = shop.rows(Conversation).get()
    with as_app(), workspace_transaction(shop.workspace.pk):
        handling.assign(thread, assignee_id=world.agent.pk, actor=world.agent)

    write(shop, "Alguém?")
    assert sent(shop) == []

    thread.refresh_from_db()
    assert thread.attended_at is not None
    Conversation.objects.for_workspace(shop.workspace).update(
        attended_at=timezone.now() - timedelta(minutes=16)
    )
    write(shop, "Alguém??")
    assert len(sent(shop)) == 1


@pytest.mark.django_db(transaction=True)
def test_we_got_it_opens_a_conversation_and_no_more(shop: Shop, world: Any) -> None:
    responder(shop, week=ALWAYS)

    write(shop)
    write(shop, "Tem pão?")
    assert sent(shop) == ["Oi, Ana! Já vamos responder."]

    age(shop, hours=2)
    reply(shop, world.agent, ago=60)
    write(shop, "Obrigada")
    assert len(sent(shop)) == 1

    age(shop, hours=12)
    write(shop, "Oi de novo")
    assert len(sent(shop)) == 2


@pytest.mark.django_db(transaction=True)
def test_a_thank_you_after_the_end_begins_nothing(shop: Shop, world: Any) -> None:
    responder(shop, week=ALWAYS)
    write(shop)
    age(shop, hours=1)
    thread = shop.rows(Conversation).get()
    with as_app(), workspace_transaction(shop.workspace.pk):
        handling.close(thread, actor=world.agent)

    write(shop, "Obrigada!")

    assert shop.rows(Conversation).count() == 2
    assert len(sent(shop)) == 1


@pytest.mark.django_db(transaction=True)
def test_echoes_groups_old_and_silent_messages_are_not_answered(shop: Shop) -> None:
    responder(shop)

    shop.process(cloud.echo("Podemos ajudar?", at=int(time.time())))
    write(shop, "Velha", ago=16)
    now = int(time.time())
    reaction = cloud.message(
        at=now, type="reaction", reaction={"message_id": "wamid.x", "emoji": "👍"}
    )
    group = cloud.message("Oi, grupo", at=now, sender="5511911112222", group_id="g1")
    rows = shop.process(cloud.body(reaction), cloud.body(group))

    assert {row.state for row in rows} <= {"done", "ignored"}
    assert sent(shop) == []


@pytest.mark.django_db(transaction=True)
def test_who_asked_for_silence_gets_none_of_it(shop: Shop) -> None:
    responder(shop)

    write(shop, "PARAR")
    [confirmation] = sent(shop)
    write(shop, "Oi?")

    assert confirmation.startswith("Pronto: não vamos mais escrever")
    assert len(sent(shop)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_replay_answers_nothing_twice(shop: Shop) -> None:
    responder(shop)
    body = cloud.body(cloud.message(at=int(time.time()), id_="wamid.once"))

    shop.process(body)
    shop.process(body, body)

    assert len(sent(shop)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_hundred_first_messages_at_once_are_answered_once(shop: Shop) -> None:
    responder(shop)
    at = int(time.time())
    for number in range(200):
        shop.receive(cloud.body(cloud.message(f"Oi {number}", at=at)))

    together(*[lambda: drain(limit=5)] * 4)

    assert shop.rows(Message).filter(direction="inbound").count() == 200
    assert len(sent(shop)) == 1
    assert shop.rows(OutboxEntry).count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_breaks_an_answer_does_not_cost_the_message(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    responder(shop, texts={"closed": {"pt-br": 7}})

    write(shop, "Tem pão?")

    assert shop.rows(Message).get().text == "Tem pão?"
    assert "no automatic answer" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_language_follows_the_number_of_the_person(shop: Shop) -> None:
    texts = {"closed": {"pt-br": "Olá {nome}", "en": "Hello {name}", "es": "¡Hola!"}}
    responder(shop, texts=texts)

    write(shop, sender="4915112345678", name="Jo")
    write(shop, sender="5491123456789", name="Pía")
    Responder.objects.for_workspace(shop.workspace).update(
        texts={"closed": {"en": "Hello, {name}!"}}
    )
    write(shop, sender="5521911112222", name="😀")

    assert sent(shop) == ["Olá Jo", "¡Hola!", "Hello!"]


# --- words ---------------------------------------------------------------------------
def ledger(shop: Shop) -> list[tuple[str, bool, str]]:
    rows = shop.rows(OptOut).order_by("pk")
    return list(rows.values_list("scope", "is_out", "source"))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "word", ["PARAR", "parar.", " Sair! ", "stop", "Não quero receber"]
)
def test_a_word_alone_is_an_opt_out(shop: Shop, word: str) -> None:
    write(shop, word)

    assert ledger(shop) == [("all", True, "word")]
    assert len(sent(shop)) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "text", ["Quero parar de fumar", "não vou sair hoje", "stop!! e aí?", "para"]
)
def test_a_word_in_a_sentence_is_talk(shop: Shop, text: str) -> None:
    write(shop, text)

    assert ledger(shop) == []
    assert sent(shop) == []


@pytest.mark.django_db(transaction=True)
def test_saying_it_twice_is_confirmed_once_and_can_be_taken_back(shop: Shop) -> None:
    write(shop, "PARAR")
    write(shop, "parar")
    write(shop, "Voltar")
    write(shop, "Voltar")

    assert ledger(shop) == [("all", True, "word"), ("all", False, "word")]
    assert [text[:30] for text in sent(shop)] == [
        "Pronto: não vamos mais escreve",
        "Pronto: você voltou a receber ",
    ]


@pytest.mark.django_db(transaction=True)
def test_coming_back_means_nothing_to_who_never_left(shop: Shop) -> None:
    write(shop, "voltar")

    assert ledger(shop) == []


@pytest.mark.django_db(transaction=True)
def test_a_button_of_ours_is_no_word_but_that_of_whatsapp_is(shop: Shop) -> None:
    def press(text: str) -> None:
        write(shop, type="button", button={"text": text, "payload": text})

    press("Cancelar")
    assert ledger(shop) == []

    press("Parar promoções")
    assert ledger(shop) == [("marketing", True, "word")]


@pytest.mark.django_db(transaction=True)
def test_a_workspace_has_words_of_its_own_or_none(shop: Shop) -> None:
    own = OptOutWords.objects.create(
        workspace=shop.workspace,
        stop_words=["Chega, por favor"],
        texts={"stopped": {"pt-br": "Tudo bem, {nome}."}},
    )
    write(shop, "PARAR")
    assert ledger(shop) == []

    write(shop, "chega por favor")
    assert ledger(shop) == [("all", True, "word")]
    assert sent(shop) == ["Tudo bem, Ana."]

    own.is_on = False
    own.stop_words = ["PARAR"]
    own.save()
    write(shop, "PARAR", sender="5511911112222")
    assert len(ledger(shop)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_say_it_at_once_and_each_is_confirmed_once(shop: Shop) -> None:
    at = int(time.time())
    for number in range(40):
        sender = ("5511911110001", "5511911110002")[number % 2]
        shop.receive(cloud.body(cloud.message("PARAR", at=at, sender=sender)))

    together(*[lambda: drain(limit=3)] * 4)

    assert len(ledger(shop)) == 2
    assert len(sent(shop)) == 2


@pytest.mark.django_db(transaction=True)
def test_without_a_provider_that_sends_nothing_is_promised(shop: Shop) -> None:
    responder(shop)
    Channel.objects.for_workspace(shop.workspace).update(integration=None)
    with as_app(), workspace_transaction(shop.workspace.pk):
        pass

    shop.process(cloud.body(cloud.message("PARAR", at=int(time.time()))))

    assert sent(shop) == []
