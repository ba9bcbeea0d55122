"""Message links on the pages of a number, at a server that behaves like Meta's."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import AuditEvent
from integrations.models import Channel
from integrations.providers import registry
from tests.factories import integrations as make
from tests.twins import server
from tests.twins.meta import Number, Twin

KEYS = make.META_CREDENTIALS
TEXT = "Oi! Vi o cartaz na vitrine."


@pytest.fixture
def twin(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Twin]:
    with server.serving(Twin()) as served:
        settings.EGRESS_ALLOWED_HOSTS = [served.host]
        adapter = registry.get("meta_cloud")
        monkeypatch.setattr(adapter, "settings", {"api_base": served.url})
        number = Number(KEYS["phone_number_id"], KEYS["waba_id"], "5511987654321")
        served.add_number(number)
        served.tokens[KEYS["access_token"]] = {number.account}
        yield served


@pytest.fixture
def number(twin: Twin) -> Number:
    return twin.numbers[KEYS["phone_number_id"]]


@pytest.fixture
def channel(world, twin) -> Channel:
    return make.meta_number(world.workspace, display_name="Vendas")


@pytest.fixture
def client(world, signed_in, channel) -> Any:
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def page_of(channel: Channel, rest: str = "") -> str:
    return f"/w/padaria/integrations/whatsapp/{channel.key}/message-links/{rest}"


def text_of(answer: Any) -> str:
    return str(answer.content.decode())


def recorded(what: str) -> list[dict[str, Any]]:
    rows = AuditEvent.objects.unscoped("test").filter(
        action=f"integration.message_link_{what}"
    )
    return [row.details for row in rows]


def test_one_is_made_shown_with_its_code_and_deleted(client, channel, number):
    empty = text_of(client.get(page_of(channel)))
    assert "No message link yet" in empty
    assert "carries no token" in empty

    shown = client.post(page_of(channel, "new/"), {"text": TEXT}, follow=True)
    [code] = number.links

    page = text_of(shown)
    assert TEXT in page
    assert f'href="https://wa.me/message/{code}"' in page
    assert f'data-copy="https://wa.me/message/{code}"' in page
    assert re.search(r'class="message-link__code" role="img"[^>]*><svg', page)
    assert "proves no origin" in page
    drawn = client.get(page_of(channel, f"{code}.svg"))
    assert drawn.headers["Content-Type"] == "image/svg+xml"
    assert f'filename="{code}.svg"' in drawn.headers["Content-Disposition"]
    assert drawn.content.count(b"<svg") == 1
    asked = text_of(client.get(page_of(channel, f"{code}/delete/")))
    assert TEXT in asked
    assert code in number.links

    gone = client.post(page_of(channel, f"{code}/delete/"), follow=True)

    assert "The message link was deleted." in text_of(gone)
    assert number.links == {}
    facts = {"provider": "meta_cloud", "code": code}
    assert recorded("created") == recorded("deleted") == [facts]


def test_twice_is_once(client, channel, number):
    for _ in range(2):
        answer = client.post(page_of(channel, "new/"), {"text": TEXT}, follow=True)
    [code] = number.links
    assert "There is a message link with this text already." in text_of(answer)
    assert len(recorded("created")) == 1

    for _ in range(2):
        answer = client.post(page_of(channel, f"{code}/delete/"), follow=True)
        assert answer.status_code == 200
    asked = client.get(page_of(channel, f"{code}/delete/"), follow=True)
    assert "gone already" in text_of(asked)
    assert client.get(page_of(channel, f"{code}.svg")).status_code == 404


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("x" * 141, "1 character too many."),
        ("\U0001f950" * 143, "3 characters too many."),
        ("   ", "This field is required."),
    ],
)
def test_a_text_that_does_not_fit_makes_nothing(client, channel, number, text, told):
    answer = client.post(page_of(channel, "new/"), {"text": text})

    assert told in text_of(answer)
    assert number.links == {}


def test_a_text_of_the_full_length_fits_with_its_line_breaks(client, channel, number):
    text = "\U0001f950" * 69 + "\r\n" + "x" * 70

    client.post(page_of(channel, "new/"), {"text": text})

    assert list(number.links.values()) == [text.replace("\r\n", "\n")]
    assert "Up to 140 characters." in text_of(client.get(page_of(channel, "new/")))


def test_agents_look_and_print_but_change_nothing(
    world, signed_in, client, channel, number
):
    client.post(page_of(channel, "new/"), {"text": TEXT})
    [code] = number.links
    agent = signed_in(world.agent)

    page = text_of(agent.get(page_of(channel)))

    assert TEXT in page
    assert "/new/" not in page
    assert "/delete/" not in page
    assert agent.get(page_of(channel, f"{code}.svg")).status_code == 200
    for rest in ("new/", f"{code}/delete/"):
        assert agent.get(page_of(channel, rest)).status_code == 403
        assert agent.post(page_of(channel, rest), {"text": "x"}).status_code == 403
    assert signed_in(world.outsider).get(page_of(channel)).status_code == 404
    assert list(number.links) == [code]


def test_what_the_provider_refuses_is_said_and_keeps_what_was_typed(
    client, channel, twin, number
):
    client.post(page_of(channel, "new/"), {"text": TEXT})
    [code] = number.links
    twin.tokens[KEYS["access_token"]] = None  # the permission was taken away

    shown = text_of(client.get(page_of(channel)))
    kept = text_of(client.post(page_of(channel, "new/"), {"text": "Outro texto"}))
    undone = client.post(page_of(channel, f"{code}/delete/"), follow=True)

    for page in (shown, kept, text_of(undone)):
        assert "The key may not do this" in page
    assert "Outro texto" in kept
    assert list(number.links) == [code]
    assert recorded("deleted") == []


def test_many_are_shown_a_page_at_a_time(client, channel, number):
    number.links |= {f"C{place:03}": f"Texto {place}" for place in range(30)}

    first = text_of(client.get(page_of(channel)))
    [older] = re.findall(r"before=(\w+)", first)
    second = text_of(client.get(page_of(channel, f"?before={older}")))

    shown = [re.findall(r'id="link-(\w+)"', page) for page in (first, second)]
    assert [*shown[0], *shown[1]] == list(number.links)
    assert len(shown[0]) == 24
    assert 'rel="next"' not in second


def test_other_providers_have_no_such_page_and_no_way_to_it(world, client, channel):
    other = make.sandbox_number(world.workspace)
    number_page = "/w/padaria/integrations/whatsapp/{}/"

    assert client.get(page_of(other)).status_code == 404
    assert client.post(page_of(other, "new/"), {"text": TEXT}).status_code == 404
    assert "message-links" not in text_of(client.get(number_page.format(other.key)))
    assert "message-links/" in text_of(client.get(number_page.format(channel.key)))


def test_of_a_removed_number_there_are_none(client, channel):
    Channel.objects.unscoped("test").filter(pk=channel.pk).update(
        integration=None, is_active=False
    )

    for rest in ("", "new/", "LINK1/delete/", "LINK1.svg"):
        answer = client.get(page_of(channel, rest))
        assert "nobody to ask for its links" in text_of(answer)
