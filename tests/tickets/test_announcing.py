"""What happens to a ticket reaches open pages; its client's only what is public."""

import json

import pytest
import redis
from django.utils import timezone

from accounts import broadcast
from accounts.scoping import workspace_transaction
from tests import news
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as make_talk
from tickets.services import answers, releasing, tickets
from tickets.services.answers import Answer
from tickets.services.tickets import By

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ticket(world):
    client = make.client(world.workspace, oauth_id="usr_1")
    return make.ticket(world.workspace, client=client)


def test_a_private_comment_is_told_to_the_team_alone(world, ticket):
    by, now = By(world.owner), timezone.now()

    tickets.comment(ticket, text="a", is_public=False, by=by, now=now)

    assert news.told(world.workspace) == {"ticket": {str(ticket.key)}}


def test_a_change_is_told_to_the_client_too(settings, world, ticket):
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as ear:
        ear.subscribe(broadcast.client_topic("usr_1"))
        assert ear.get_message(timeout=5)["type"] == "subscribe"

        tickets.change(
            ticket, {"status": "waiting"}, by=By(world.owner), now=timezone.now()
        )

        heard = ear.get_message(timeout=5)
    key = str(ticket.key)
    assert json.loads(heard["data"]) == {"public_ticket": [key]}
    told = news.told(world.workspace)
    assert told == {"ticket": {key}, "public_ticket": {key}}


def test_an_answer_on_whatsapp_is_told(world, ticket):
    channel = numbers.channel(world.workspace)
    talk = make_talk.conversation(make_talk.lead(world.workspace), channel)
    ticket.conversation = talk
    ticket.status = "waiting"
    ticket.save()
    message = make_talk.message(talk, text="Ainda não chegou")

    answers.take(
        world.workspace.pk, [Answer(message.pk, talk.pk, "…")], now=timezone.now()
    )

    assert str(ticket.key) in news.told(world.workspace)["public_ticket"]


def test_what_somebody_leaves_behind_is_told(world, ticket):
    ticket.assignee = world.agent
    ticket.save()

    with workspace_transaction(world.workspace.pk):
        releasing.release(world.workspace, world.agent, now=timezone.now())

    assert news.told(world.workspace) == {"ticket": {str(ticket.key)}}
