"""A number that moved to another business account has another id there than was learned."""

import pytest
from django.utils import timezone

from integrations.models import Channel
from integrations.providers import registry
from integrations.services import asking, connections, credentials
from tests.factories import cloud_api
from tests.factories import webhooks as make_webhooks
from tests.twins import dialog360, server
from tests.walls import as_app
from webhooks import processing

PHONE = "5511977776666"
LEARNED = "106000000000001"
MOVED = "106000000000002"

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hub(settings, monkeypatch):
    with server.serving(dialog360.Twin()) as twin:
        settings.EGRESS_ALLOWED_HOSTS = [twin.host]
        channel = dialog360.Channel("ChAnNeL1", "ClIeNt1", PHONE)
        twin.add_channel(channel).webhook = {"url": "https://here.example/"}
        adapter = registry.get("dialog360")
        known = {**adapter.settings, "api_base": twin.url, "hub_base": twin.url}
        monkeypatch.setattr(adapter, "settings", known)
        yield twin


def add(world, **told):
    with as_app():
        channel = connections.add_integration(
            workspace=world.workspace,
            provider="dialog360",
            name="Shop",
            credentials={"phone_number": f"+{PHONE}", "webhook_secret": "w" * 20}
            | told,
            now=timezone.now(),
        ).channel
    Channel.objects.unscoped("test").filter(pk=channel.pk).update(external_id=LEARNED)
    return channel


def arrive(channel):
    row = make_webhooks.raw_webhook(
        channel.workspace,
        body=cloud_api.body(cloud_api.message("Oi"), number=MOVED, phone=PHONE),
        provider="dialog360",
        integration=channel.integration,
    )
    with as_app():
        processing.drain(budget_seconds=30)
    row.refresh_from_db()
    channel.refresh_from_db()
    return row.state, row.outcome, channel.external_id


def test_messages_of_a_number_with_a_new_key_find_it_under_its_new_id(world, hub):
    hub.channels["ChAnNeL1"].keys = ["key-of-before", "key-of-now"]
    channel = add(world, api_key="key-of-before")

    with as_app():
        version = asking.integration_of(channel).secret_version
        credentials.replace(
            channel, {"api_key": "key-of-now"}, version=version, actor=world.owner
        )

    assert arrive(channel) == ("done", {"messages": 1}, MOVED)
