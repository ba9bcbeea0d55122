"""The API of the sandbox's gateway: who is let in, and what a careless request is answered."""

import json

import pytest

from accounts import limits
from integrations.models import Channel
from integrations.services import webhook_urls
from tests.factories import integrations as make
from tests.walls import as_app


@pytest.fixture(autouse=True)
def _limits_start_anew():
    """What a process remembers of refusals would outlive a test's rows."""
    limits.forget_this_process()
    yield
    limits.forget_this_process()


def ask(client, channel, method="get", *, what="session", key=None, **body):
    headers = {"x-sandbox-key": make.SANDBOX_SECRET if key is None else key}
    response = getattr(client, method)(
        f"/sandbox/gateway/{channel.phone.lstrip('+')}/{what}/",
        **(
            {"data": json.dumps(body), "content_type": "application/json"}
            if body
            else {}
        ),
        headers={name: value for name, value in headers.items() if value},
    )
    told = json.loads(response.content) if response.status_code < 500 else {}
    return response.status_code, told


@pytest.fixture
def number(world):
    return make.sandbox_number(world.workspace, is_linked=False)


def test_the_key_opens_its_own_number_alone(client, number, world):
    other = make.sandbox_number(world.other_workspace)
    other.integration = make.integration(
        world.other_workspace,
        provider="sandbox",
        credentials={"phone_number": other.phone, "webhook_secret": "their-own-word"},
    )
    other.save()
    nobody = Channel(phone="+5511900009999")

    assert ask(client, number) == (200, {"state": "unlinked"})
    assert ask(client, number, key="")[0] == 401
    strange = {"state": "absent"}
    for one in (other, nobody, Channel(phone="abc"), Channel(phone="٣٤٥٦٧٨")):
        for method in ("get", "post", "delete"):
            assert ask(client, one, method) == (200, strange)
    assert ask(client, number, "delete", key="guessed-word") == (200, strange)
    assert ask(client, other, what="webhook") == (200, {"url": ""})


def test_guessing_at_keys_is_slowed_down(client, number, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_refused": (3, 60)}

    answers = [
        client.get(
            f"/sandbox/gateway/{number.phone[1:]}/session/",
            headers={"x-sandbox-key": f"guess-{at}"},
        ).status_code
        for at in range(5)
    ]

    assert answers == [200, 200, 200, 429, 429]
    assert ask(client, number)[0] == 200  # who has the key is let in


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b"{}" * 4000, b"[" * 4000])
def test_a_request_that_says_nothing_readable_asks_for_the_usual(client, number, body):
    response = client.post(
        f"/sandbox/gateway/{number.phone[1:]}/session/",
        body,
        content_type="application/json",
        headers={"x-sandbox-key": make.SANDBOX_SECRET},
    )

    told = response.json()
    assert (response.status_code, told["state"]) == (200, "waiting")
    assert "pairing_code" not in told


def test_the_phone_posts_to_addresses_of_its_own_integration_alone(
    client, number, world
):
    other = make.sandbox_number(world.workspace)
    assert number.integration is not None
    assert other.integration is not None
    with as_app():
        ours = webhook_urls.current(number.integration)
        theirs = webhook_urls.current(other.integration)
    shared = ask(client, number, what="webhook")[1]["url"]
    assert shared.endswith("/webhooks/whatsapp/")

    for url in (theirs, "https://example.com/", "", f"{ours}x", ["list"], "\ud800"):
        assert ask(client, number, "post", what="webhook", url=url)[0] == 422
    assert ask(client, number, "post", webhook_url=theirs)[0] == 422
    assert ask(client, number, what="webhook") == (200, {"url": shared})

    assert ask(client, number, "post", what="webhook", url=ours) == (200, {"url": ours})
    assert ask(client, number, what="webhook") == (200, {"url": ours})


def test_without_the_sandbox_there_is_no_gateway(client, number, settings):
    settings.SANDBOX_ENABLED = False

    response = client.get(
        f"/sandbox/gateway/{number.phone[1:]}/session/",
        headers={"x-sandbox-key": make.SANDBOX_SECRET},
    )

    assert response.status_code == 404
