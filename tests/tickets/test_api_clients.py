"""`/api/clients` from outside: kept up to date by `oauth_id`, read with their WhatsApp."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as rows
from tests.tickets.api_desk import Desk, refused
from tickets.models import Client

URL = "/api/clients"
ANA = {"oauth_id": "7", "name": "Ana Lima", "phone": "(11) 98765-4321"}

ANA_WHOLE = {"name": "Ana", "phone": "11987654321", "email": "ana@example.com"}


def clients(desk):
    return Client.objects.for_workspace(desk.world.workspace)


# --- writing ----------------------------------------------------------------------
def test_a_client_is_added_and_found(desk: Desk) -> None:
    response = desk.post(URL, ANA | {"email": "ana@example.com", "language": "en"})

    assert response.status_code == 201
    told = response.json()
    assert response["Location"] == f"{URL}/7"
    client = clients(desk).get(oauth_id="7")
    assert told["id"] == str(client.key)
    assert (told["phone"], told["email"]) == ("+5511987654321", "ana@example.com")
    assert desk.get(f"{URL}/7").json() == told | {"whatsapp": None}
    [event] = AuditEvent.objects.for_workspace(desk.world.workspace).filter(
        action="client.added"
    )
    assert (event.actor_label, event.target) == ("token CRM", str(client.key))


def test_the_same_oauth_id_brings_the_client_up_to_date(desk: Desk) -> None:
    desk.post(URL, ANA)

    response = desk.post(URL, {"oauth_id": "7", "name": "Ana Souza"}, key="k2")

    assert response.status_code == 200
    told = response.json()
    assert (told["name"], told["phone"]) == ("Ana Souza", "+5511987654321")
    assert clients(desk).count() == 1


def test_a_repeated_request_is_answered_as_the_first_time(desk: Desk) -> None:
    first = desk.post(URL, ANA)
    clients(desk).update(name="Changed since")

    again = desk.post(URL, dict(reversed(ANA.items())))

    assert (again.status_code, again.content) == (201, first.content)
    assert again["Location"] == first["Location"]
    assert clients(desk).get().name == "Changed since"
    refused(desk.post(URL, ANA | {"name": "Bia"}), 409, "idempotency_key_reused")
    refused(desk.post("/api/tickets", {"title": "x"}), 409, "idempotency_key_reused")
    assert desk.post(f"/api/w/padaria/{URL[5:]}", ANA).content == first.content


def test_a_refused_request_uses_up_no_key(desk: Desk) -> None:
    told = refused(
        desk.post(URL, ANA | {"phone": "1"}), 422, "not_a_phone_number", "phone"
    )
    assert "phone number" in told["detail"]

    assert desk.post(URL, ANA).status_code == 201


def test_put_writes_the_whole_client(desk: Desk) -> None:
    made = desk.ask("PUT", f"{URL}/auth0%7C7", ANA_WHOLE, key="")
    assert (made.status_code, made.json()["oauth_id"]) == (201, "auth0|7")

    again = desk.ask("PUT", f"{URL}/auth0%7C7", {"name": "Ana"}, key="")

    assert again.status_code == 200
    assert (again.json()["phone"], again.json()["email"]) == (None, None)
    refused(desk.ask("PUT", f"{URL}/8", {}, key=""), 422, "missing", "name")


def test_patch_changes_what_it_names(desk: Desk) -> None:
    desk.post(URL, ANA)

    told = desk.ask("PATCH", f"{URL}/7", {"phone": None, "oauth_id": "8"}).json()

    assert (told["oauth_id"], told["phone"], told["name"]) == ("8", None, "Ana Lima")
    refused(desk.ask("PATCH", f"{URL}/7", {"name": "x"}), 404, "unknown_client")
    desk.post(URL, ANA, key="k3")
    body = {"oauth_id": "8"}
    refused(desk.ask("PATCH", f"{URL}/7", body), 409, "oauth_id_taken", "oauth_id")


def test_a_client_without_oauth_id_is_named_by_ours(desk: Desk) -> None:
    client = make.client(desk.world.workspace, name="Bia")

    told = desk.ask("PATCH", f"{URL}/{client.key}", {"oauth_id": "9"}).json()

    assert told["oauth_id"] == "9"
    # An oauth_id that looks like one of our keys goes before the key.
    desk.post(URL, {"oauth_id": str(client.key), "name": "Carla"})
    assert desk.get(f"{URL}/{client.key}").json()["name"] == "Carla"


@pytest.mark.parametrize(
    ("body", "error", "field"),
    [
        ({"name": "Ana"}, "missing", "oauth_id"),
        ({"oauth_id": ""}, "missing", "oauth_id"),
        ({"oauth_id": 7}, "invalid", "oauth_id"),
        ({"oauth_id": "x" * 256}, "too_long", "oauth_id"),
        ({"oauth_id": "7", "name": "a\0b"}, "invalid", "name"),
        ({"oauth_id": "7", "name": None}, "invalid", "name"),
        ({"oauth_id": "7", "email": "ana"}, "invalid", "email"),
        ({"oauth_id": "7", "phone": "abc"}, "not_a_phone_number", "phone"),
        ({"oauth_id": "7", "language": "fr"}, "invalid", "language"),
        ({"oauth_id": "7", "id": "x"}, "unknown_field", "id"),
    ],
)
def test_what_cannot_be_is_refused_by_its_name(
    desk: Desk, body: dict[str, object], error: str, field: str
) -> None:
    refused(desk.post(URL, body), 422, error, field)
    assert not clients(desk).exists()


def test_what_is_no_request(desk: Desk) -> None:
    refused(desk.post(URL, ANA, key=""), 400, "idempotency_key_needed")
    refused(desk.post(URL, ANA, key="é"), 400, "invalid_idempotency_key")
    refused(desk.post(URL, "[]"), 400, "invalid_json")
    refused(desk.post(URL, "{"), 400, "invalid_json")
    refused(desk.post(URL, '{"x":' * 20_000), 413, "too_large")
    refused(desk.post(URL, '{"oauth_id": NaN}'), 400, "invalid_json")


# --- reading ----------------------------------------------------------------------
def test_an_unknown_client_is_told_with_the_id(desk: Desk) -> None:
    told = refused(desk.get(f"{URL}/nobody%00"), 404, "unknown_client")

    assert told["oauth_id"] == "nobody\0"


def test_somebody_elses_client_is_as_unknown_as_none(desk: Desk) -> None:
    theirs = make.client(desk.world.other_workspace, oauth_id="theirs")

    for told in ("theirs", str(theirs.key)):
        known = desk.get(f"{URL}/{told}").json()
        missing = desk.get(f"{URL}/nobody").json()
        assert known | {"oauth_id": ""} == missing | {"oauth_id": ""}
    assert desk.get(URL).json()["data"] == []
    assert desk.ask("PUT", f"{URL}/theirs", {"name": "Ours"}).status_code == 201
    assert desk.get("/api/w/oficina/clients").status_code == 404


def test_the_whatsapp_profile_of_a_client(desk: Desk) -> None:
    talk = desk.person(hours=3)
    rows.message(talk, text="Oi")
    desk.post(URL, ANA)

    told = desk.get(f"{URL}/7").json()["whatsapp"]

    heard = talk.last_inbound_at
    assert heard is not None
    until = heard + timedelta(hours=24)
    assert told["lead"] == str(talk.lead.key)
    assert told["last_seen_at"] == heard.isoformat()
    assert told["window"] == {"is_open": True, "until": until.isoformat()}
    assert told["opted_out"] == []
    [one] = told["conversations"]
    assert one["id"] == str(talk.key)
    assert one["channel"]["phone"] == desk.channel.phone
    assert one["window"] == told["window"]


def test_the_profile_tells_a_closed_window_and_an_opt_out(desk: Desk) -> None:
    desk.person(hours=30)
    desk.post(URL, ANA)
    rows.opt_out(desk.world.workspace, peer_key="p:5511987654321", scope="all")

    told = desk.get(f"{URL}/7").json()["whatsapp"]

    assert told["window"] == {"is_open": False, "until": None}
    [one] = told["opted_out"]
    assert (one["scope"], one["channel"]) == ("all", None)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({}, ["Bia", "Ana Lima"]),
        ({"phone": "+55 (11) 98765-4321"}, ["Ana Lima"]),
        ({"phone": "11 8765-4321"}, ["Ana Lima"]),  # without the ninth digit
        ({"q": "ana li"}, ["Ana Lima"]),
        ({"q": "!!"}, []),
        ({"limit": "1"}, ["Bia"]),
        ({"updated_since": "2020-01-01T00:00:00Z"}, ["Ana Lima", "Bia"]),
        ({"updated_since": "2100-01-01T00:00:00+03:00"}, []),
    ],
)
def test_the_list_and_its_filters(desk: Desk, query, names) -> None:
    desk.post(URL, ANA)
    desk.post(URL, {"oauth_id": "8", "name": "Bia"}, key="k2")

    told = desk.get(URL, **query).json()

    assert [one["name"] for one in told["data"]] == names


@pytest.mark.parametrize(
    ("written", "phone"),
    [
        ("+5215512345678", "+525512345678"),
        ("5215512345678", "+525512345678"),
        ("+52 55 1234 5678", "+525512345678"),
        ("5491123456789", "+5491123456789"),
        ("+54 11 15 2345-6789", "+5491123456789"),
        ("551187654321", "+5511987654321"),
        ("0055 31 98765-4321", "+5531987654321"),
    ],
)
def test_a_phone_is_taken_in_any_notation_and_found_by_each(
    desk: Desk, written, phone
) -> None:
    told = desk.ask("PUT", f"{URL}/7", {"name": "Ana", "phone": written})

    assert (told.status_code, told.json()["phone"]) == (201, phone)
    for asked in (written, phone):
        assert len(desk.get(URL, phone=asked).json()["data"]) == 1


def test_a_phone_without_a_country_is_from_where_our_numbers_are(desk: Desk) -> None:
    mexican = {"oauth_id": "7", "name": "Ana", "phone": "55 1234 5678"}

    refused(desk.post(URL, mexican), 422, "not_a_phone_number", "phone")
    numbers.channel(desk.world.workspace, phone="+525511112222")
    assert desk.post(URL, mexican, key="k2").json()["phone"] == "+525512345678"


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ({"limit": "0"}, "invalid"),
        ({"limit": "101"}, "invalid"),
        ({"limit": "ten"}, "invalid"),
        ({"updated_since": "yesterday"}, "invalid"),
        ({"updated_since": "2026-03-10T15:00:00"}, "invalid"),  # of no zone
        ({"phone": "abc"}, "not_a_phone_number"),
        ({"cursor": "abc"}, "unknown_cursor"),
        ({"page": "2"}, "unknown_parameter"),
    ],
)
def test_a_filter_that_cannot_be_is_refused(desk: Desk, query, error) -> None:
    [field] = query
    refused(desk.get(URL, **query), 422, error, field)


def test_a_change_is_seen_by_whoever_asks_for_changes(desk: Desk) -> None:
    desk.post(URL, ANA)
    desk.post(URL, {"oauth_id": "8", "name": "Bia"}, key="k2")
    now = timezone.now()

    desk.ask("PATCH", f"{URL}/7", {"name": "Ana Souza"})

    [one] = desk.get(URL, updated_since=now.isoformat()).json()["data"]
    assert one["name"] == "Ana Souza"
