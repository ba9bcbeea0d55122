"""`/api/leads`, `/api/conversations` and the list of sends, as a CRM reads them."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.permissions import Scope
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from tests.whatsapp.api_shop import NOBODYS, Shop, token_of
from whatsapp.models import Lead
from whatsapp.phones import match_key_for_phone


@pytest.fixture
def reader(shop: Shop) -> Shop:
    """With a token that reads and may not send."""
    reads = [scope for scope in Scope if scope.value.endswith(":read")]
    shop.token = token_of(shop.world, *reads, name="Reader")
    return shop


def ids(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [one["id"] for one in response.json()["data"]]


def talk_with(shop: Shop, phone: str, *, hours: float, **fields: Any) -> Any:
    lead = rows.lead(shop.world.workspace, name=f"Pessoa {phone[-4:]}")
    rows.identity(lead, value=phone, match_key=match_key_for_phone(phone))
    at = timezone.now() - timedelta(hours=hours)
    told = {"last_inbound_at": at, "last_message_at": at} | fields
    return rows.conversation(lead, shop.channel, **told)


# --- leads ------------------------------------------------------------------------
def test_a_lead_with_everything_it_is_known_by(reader: Shop) -> None:
    talk = talk_with(reader, "5511911112222", hours=1)
    touch = rows.touch(talk.lead, link=rows.link(reader.channel, slug="bio"))
    talk.lead.attribution = rows.attribution(talk.lead, touch=touch)
    talk.lead.save()

    told = reader.get(f"/api/leads/{talk.lead.key}").json()

    assert told["phone"] == "+5511911112222"
    assert told["origin"]["kind"] == "link"
    assert told["origin"]["name"] == "bio"
    assert told["attribution"]["rule"] == "token"
    assert told["attribution"]["touch"]["link"] == "bio"
    assert told["merged_into"] is None
    assert [one["value"] for one in told["identities"]] == ["5511911112222"]
    assert told["whatsapp"]["window"]["is_open"] is True
    [listed] = [
        one
        for one in reader.get("/api/leads").json()["data"]
        if one["id"] == str(talk.lead.key)
    ]
    assert listed.items() <= told.items()


def test_a_lead_that_became_part_of_another_says_of_which(reader: Shop) -> None:
    stays, gone = rows.lead(reader.world.workspace), rows.lead(reader.world.workspace)
    Lead.objects.for_workspace(reader.world.workspace).filter(pk=gone.pk).update(
        merged_into=stays
    )

    told = reader.get(f"/api/leads/{gone.key}").json()

    assert told["merged_into"] == str(stays.key)
    assert str(gone.key) not in ids(reader.get("/api/leads"))


def test_leads_are_found(reader: Shop) -> None:
    talk = talk_with(reader, "5511981112222", hours=1)
    key = str(talk.lead.key)

    assert ids(reader.get("/api/leads?phone=%2B55+11+98111-2222")) == [key]
    assert ids(reader.get("/api/leads?phone=11+8111-2222")) == [key]
    assert ids(reader.get("/api/leads?q=pessoa+22")) == [key]
    assert ids(reader.get("/api/leads?stage=Ganho")) == []
    future = "2100-01-01T00:00:00Z"
    assert ids(reader.get(f"/api/leads?created_since={future}")) == []
    assert key in ids(reader.get(f"/api/leads?created_before={future}"))


@pytest.mark.parametrize("told", ["5215512345678", "525512345678"])
@pytest.mark.parametrize("asked", ["%2B5215512345678", "%2B52+55+1234+5678"])
def test_a_mexican_is_found_in_both_notations(
    reader: Shop, told: str, asked: str
) -> None:
    key = str(talk_with(reader, told, hours=1).lead.key)

    assert ids(reader.get(f"/api/leads?phone={asked}")) == [key]
    assert len(ids(reader.get(f"/api/conversations?phone={asked}"))) == 1


@pytest.mark.parametrize(
    "asked", ["%2B5491123456789", "%2B54+11+2345-6789", "%2B54+11+15+2345-6789"]
)
def test_an_argentinian_is_found_in_every_notation(reader: Shop, asked: str) -> None:
    key = str(talk_with(reader, "5491123456789", hours=1).lead.key)

    assert ids(reader.get(f"/api/leads?phone={asked}")) == [key]


def test_a_number_without_a_country_is_from_where_ours_are(reader: Shop) -> None:
    key = str(talk_with(reader, "5215512345678", hours=1).lead.key)

    asked = reader.get("/api/leads?phone=55+1234+5678")
    assert asked.json()["error"] == "not_a_phone_number"
    make.channel(reader.world.workspace, phone="+525511112222")
    assert ids(reader.get("/api/leads?phone=55+1234+5678")) == [key]


# --- conversations ----------------------------------------------------------------
def test_conversations_by_their_last_message_and_the_other_way_round(
    reader: Shop,
) -> None:
    reader.thread.delete()
    old = talk_with(reader, "5511911110001", hours=30, state="closed")
    new = talk_with(reader, "5511911110002", hours=1)
    newest = talk_with(reader, "5511911110003", hours=0.5, state="closed")
    order = [str(one.key) for one in (newest, new, old)]

    assert ids(reader.get("/api/conversations")) == order
    since = "2020-01-01T00:00:00Z"
    assert ids(reader.get(f"/api/conversations?active_since={since}")) == order[::-1]
    hence = (timezone.now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    told = ids(reader.get(f"/api/conversations?active_since={hence}"))
    assert told == [str(new.key), str(newest.key)]
    assert ids(reader.get("/api/conversations?state=open")) == [str(new.key)]
    told = ids(reader.get("/api/conversations?phone=11+91111-0001"))
    assert told == [str(old.key)]
    assert ids(reader.get(f"/api/conversations?lead={old.lead.key}")) == [str(old.key)]
    assert ids(reader.get(f"/api/conversations?lead={NOBODYS}")) == []


def test_a_conversation_and_its_window(reader: Shop) -> None:
    open_, closed = (
        talk_with(reader, "5511911110001", hours=1),
        talk_with(reader, "5511911110002", hours=30),
    )

    told = reader.get(f"/api/conversations/{open_.key}").json()
    until = open_.last_inbound_at + timedelta(hours=24)
    assert told["window"] == {"is_open": True, "until": until.isoformat()}
    assert told["lead"]["name"] == "Pessoa 0001"
    assert told["channel"]["id"] == str(reader.channel.key)
    told = reader.get(f"/api/conversations/{closed.key}").json()
    assert told["window"] == {"is_open": False, "until": None}


def test_one_number_by_key_and_by_phone(reader: Shop) -> None:
    other = make.channel(reader.world.workspace, phone="+5511900000077")
    talk = rows.conversation(rows.lead(reader.world.workspace), other)

    for told in (other.key, "%2B55+11+90000-0077", "0055+11+90000-0077"):
        found = ids(reader.get(f"/api/conversations?channel={told}"))
        assert found == [str(talk.key)]
    make.channel(reader.world.workspace, phone="+525511112222")
    mexican = reader.get("/api/conversations?channel=%2B5215511112222")
    assert (mexican.status_code, ids(mexican)) == (200, [])
    refused = reader.get("/api/conversations?channel=%2B5511900000099")
    assert (refused.status_code, refused.json()["error"]) == (422, "unknown_channel")


# --- messages ---------------------------------------------------------------------
def test_what_was_said_is_read_newest_first(reader: Shop) -> None:
    at = timezone.now()
    said = [
        rows.message(
            reader.thread,
            text=f"Oi {number}",
            provider_at=at - timedelta(minutes=number),
            external_id=f"m{number}",
        )
        for number in range(3)
    ]
    rows.media(said[0], filename="bolo.jpg")
    path = f"/api/conversations/{reader.thread.key}/messages"

    told = reader.get(path).json()["data"]

    assert [one["text"] for one in told] == ["Oi 0", "Oi 1", "Oi 2"]
    assert [one["filename"] for one in told[0]["files"]] == ["bolo.jpg"]
    assert told == reader.get(path).json()["data"]  # ids and all
    assert len({one["id"] for one in told}) == 3
    assert str(said[0].pk) != told[0]["id"]


def test_a_send_is_listed_and_read(reader: Shop) -> None:
    entry = rows.send(
        reader.channel,
        text="Oi",
        thread=reader.thread,
        at=timezone.now(),
        state="failed",
        reason="http_500",
    )
    key = str(entry.key)

    assert ids(reader.get("/api/messages")) == [key]
    assert ids(reader.get("/api/messages?state=failed")) == [key]
    assert ids(reader.get("/api/messages?state=read")) == []
    assert ids(reader.get(f"/api/messages?channel={reader.channel.key}")) == [key]
    assert ids(reader.get("/api/messages?to=%2B1+202+555+0100")) == []
    [listed] = reader.get("/api/messages").json()["data"]
    whole = reader.get(f"/api/messages/{key}").json()
    assert listed.items() <= whole.items()
    assert ids(reader.get("/api/messages?to=" + listed["to"].strip("+"))) == [key]


@pytest.mark.parametrize("what", ["leads", "conversations", "messages"])
def test_somebody_elses_is_as_missing_as_nothing(reader: Shop, what: str) -> None:
    world = reader.world
    channel = make.meta_number(
        world.other_workspace, phone="+5511900000088", external_id="88"
    )
    lead = rows.lead(world.other_workspace)
    talk = rows.conversation(lead, channel)
    send = rows.send(channel, text="x", thread=talk, at=timezone.now(), state="due")
    theirs_of: dict[str, Any] = {
        "leads": lead,
        "conversations": talk,
        "messages": send,
    }
    key = theirs_of[what].key

    theirs = reader.get(f"/api/{what}/{key}")
    missing = reader.get(f"/api/{what}/{NOBODYS}")

    assert (theirs.status_code, theirs.content) == (404, missing.content)
    assert str(key) not in ids(reader.get(f"/api/{what}"))
    assert reader.get(f"/api/conversations/{talk.key}/messages").status_code == 404
