"""The document of the API against the API: every route is in it, every answer is possible."""

from typing import Any

import jsonschema
import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import OperationalError
from django.test import Client
from django.urls import get_resolver, resolve

from accounts import limits
from accounts.api import bearers, openapi
from accounts.api.cache import Checks, Claims, ServerAway
from accounts.api.guards import operations_of
from accounts.permissions import Scope
from tests.conftest import World
from tests.factories import accounts as make
from tests.factories import tickets as rows
from tests.flows.api_house import OAUTH_ID, OFFERS, ApiHouse

# What may be sent, by operation; those that are read need nothing.
BODIES: dict[str, Any] = {
    "sendMessage": {"text": "Oi"},  # and a conversation
    "addClient": {"oauth_id": "novo", "name": "Ana", "phone": "11 98888-7777"},
    "putClient": {"name": "Ana"},
    "changeClient": {"email": "ana@example.com"},
    "openTicket": {"title": "Forno", "client": OAUTH_ID},
    "changeTicket": {"status": "waiting"},
    "addComment": {"text": "Às 15h", "is_public": True},
    "sendToClient": {"oauth_id": OAUTH_ID, "message": "Oi"},
    "sendNotification": {
        "client_id": OAUTH_ID,
        "notification_type": "ticket_updated",
        "data": {"ticket_number": 1, "title": "Troca"},
    },
}
# What makes another request of them.
OTHERS: dict[str, Any] = {
    "sendMessage": {"text": "Outra"},
    "addClient": {"name": "Bia"},
    "openTicket": {"title": "Fogão"},
    "addComment": {"text": "Às 16h"},
    "sendToClient": {"message": "Outra"},
    "sendNotification": {"notification_type": "ticket_closed"},
}
CASES = [
    (name, status)
    for name, offer in OFFERS.items()
    for status in offer.operation.statuses
]


@pytest.fixture
def house(world: World) -> Any:
    cache.clear()
    limits.forget_this_process()
    yield ApiHouse(world)
    limits.forget_this_process()


def test_every_address_of_the_api_is_in_the_document(house: ApiHouse) -> None:
    """Found by the resolver alone, without asking which views say something of themselves."""
    routes = {
        "/" + route
        for route in _routes(get_resolver().url_patterns, "")
        if route[:4] == "api/"
    } - {"/api/"}
    assert {openapi.as_path(route) for route in routes} == {*house.document["paths"]}


def _routes(patterns: Any, prefix: str) -> Any:
    for one in patterns:
        here = prefix + str(one.pattern)
        if hasattr(one, "url_patterns"):
            yield from _routes(one.url_patterns, here)
        else:
            yield here


@pytest.mark.parametrize("name", OFFERS)
def test_only_the_methods_of_the_document_are_served(
    house: ApiHouse, name: str
) -> None:
    offer = OFFERS[name]
    path = house.path(offer)
    told = {method.upper() for method in house.document["paths"][offer.path]}

    for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
        status = house.ask(method, path).status_code
        assert (status == 405) == (method not in told), (method, status)
    if "GET" in told:
        assert house.ask("HEAD", path).status_code != 405


def test_the_document_says_what_it_is(house: ApiHouse) -> None:
    told = house.document

    assert told["openapi"] == "3.1.0"
    assert told["servers"] == [{"url": django_settings.PUBLIC_URL}]
    for schema in told["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)
    names = [
        one["operationId"] for path in told["paths"].values() for one in path.values()
    ]
    assert len(names) == len(set(names))
    assert "jabuticaba" not in str(told)


def test_it_is_for_anybody(world: World) -> None:
    assert Client().get("/api/openapi.json").status_code == 200


# --- every answer -----------------------------------------------------------------
@pytest.mark.parametrize(("name", "status"), CASES)
def test_every_answer_of_the_document_is_possible(
    house: ApiHouse, monkeypatch: Any, settings: Any, name: str, status: int
) -> None:
    offer = OFFERS[name]
    if status < 300:
        response = _good(house, name, status)
    else:
        response = _PROVOKED[status](house, name, monkeypatch, settings)

    assert response.status_code == status, response.content
    house.check(offer, response)


def _ask(house: ApiHouse, name: str, **changed: Any) -> Any:
    offer = OFFERS[name]
    body = BODIES.get(offer.operation.name)
    path = changed.pop("path", house.path(offer))
    told = changed.pop("body", body)
    if offer.operation.name == "sendMessage" and isinstance(told, dict):
        told = told | {"conversation": str(house.talk.key)}
    return house.ask(offer.operation.method, path, told, **changed)


def _good(house: ApiHouse, name: str, status: int) -> Any:
    offer = OFFERS[name]
    if name == "getUser":
        return _by_person(house, name)
    if offer.operation.name == "addClient" and status == 200:
        return _ask(house, name, body={"oauth_id": OAUTH_ID, "name": "Bia"})
    if offer.operation.name == "putClient" and status == 201:
        return _ask(house, name, path=house.path(offer, oauth_id="novo"))
    if offer.operation.name == "openTicket" and status == 200:
        return _ask(house, name, body={"title": "x", "external_id": "jabuticaba"})
    return _ask(house, name)


def _by_person(house: ApiHouse, name: str) -> Any:
    world = house.world
    world.agent.oauth_issuer, world.agent.oauth_id = "https://id.example", "7"
    world.agent.save()
    with pytest.MonkeyPatch.context() as patch:
        checks = Checks(lambda _: Claims("https://id.example", "7"))
        patch.setattr(bearers, "checks", checks)
        return _ask(house, name, token="of-the-agent")


def _malformed(house: ApiHouse, name: str, *_: Any) -> Any:
    return _ask(house, name, token="a b")


def _without_token(house: ApiHouse, name: str, *_: Any) -> Any:
    return _ask(house, name, token=None)


def _unknown_person(house: ApiHouse, name: str, monkeypatch: Any, _: Any) -> Any:
    checks = Checks(lambda _: Claims("https://id.example", "nobody"))
    monkeypatch.setattr(bearers, "checks", checks)
    return _ask(house, name, token="of-nobody")


def _of_no_workspace(house: ApiHouse, name: str, monkeypatch: Any, _: Any) -> Any:
    make.user(email="x@example.com", oauth_issuer="https://id.example", oauth_id="9")
    checks = Checks(lambda _: Claims("https://id.example", "9"))
    monkeypatch.setattr(bearers, "checks", checks)
    return _ask(house, name, token="of-a-stranger")


def _conflict(house: ApiHouse, name: str, *_: Any) -> Any:
    operation = OFFERS[name].operation
    if operation.name == "changeClient":
        rows.client(house.world.workspace, oauth_id="taken")
        return _ask(house, name, body={"oauth_id": "taken"})
    if operation.name == "changeTicket":
        _ask(house, name)
        return _ask(house, name, body={"status": "closed", "version": 1})
    assert _ask(house, name).status_code < 300
    return _ask(house, name, body=BODIES[operation.name] | OTHERS[operation.name])


def _too_large(house: ApiHouse, name: str, *_: Any) -> Any:
    return _ask(house, name, body='{"x": "' + "y" * 70_000 + '"}')


def _other_type(house: ApiHouse, name: str, *_: Any) -> Any:
    return _ask(house, name, kind="text/plain")


def _nonsense(house: ApiHouse, name: str, *_: Any) -> Any:
    if OFFERS[name].operation.query:
        path = house.path(OFFERS[name])
        return _ask(house, name, path=f"{path}?nonsense=1")
    return _ask(house, name, body={"nonsense": 1})


def _once_too_often(house: ApiHouse, name: str, _: Any, settings: Any) -> Any:
    assert house.document  # asked before there is a limit
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"api_address": (1, 60)}
    limits.forget_this_process()
    _ask(house, name, key="before")
    return _ask(house, name, key="after")


def _away(house: ApiHouse, name: str, monkeypatch: Any, _: Any) -> Any:
    assert house.document

    def gone(*_: Any, **__: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(limits, "demand", gone)
    return _ask(house, name)


_PROVOKED = {
    400: _malformed,
    401: _without_token,
    403: _unknown_person,
    404: _of_no_workspace,
    409: _conflict,
    413: _too_large,
    415: _other_type,
    422: _nonsense,
    429: _once_too_often,
    503: _away,
}


def test_an_identity_server_that_is_away_lets_nobody_in(
    house: ApiHouse, monkeypatch: Any
) -> None:
    def away(_: str) -> None:
        raise ServerAway("test")

    monkeypatch.setattr(bearers, "checks", Checks(away))

    response = _ask(house, "listClients", token="of-somebody")

    assert response.status_code == 503
    house.check(OFFERS["listClients"], response)


# --- rights -----------------------------------------------------------------------
SCOPED = [name for name, offer in OFFERS.items() if offer.operation.scopes]


@pytest.mark.parametrize("name", SCOPED)
def test_a_token_reaches_as_far_as_its_scopes(house: ApiHouse, name: str) -> None:
    operation = OFFERS[name].operation
    others = [scope for scope in Scope if scope not in operation.scopes]
    token = house.make_token("Others", *others)

    refused = _ask(house, name, token=token)

    assert refused.status_code == 403
    assert refused.json()["error"] == "insufficient_scope"
    assert f'scope="{operation.scopes[0]}"' in refused.headers["WWW-Authenticate"]
    for scope in operation.scopes:
        token = house.make_token(f"Only {scope}", scope)
        assert _ask(house, name, token=token, key=scope).status_code < 300


def test_every_view_under_the_prefix_is_guarded() -> None:
    for offer in OFFERS.values():
        path = offer.path.replace("{slug}", "padaria").replace("{number}", "1")
        path = path.replace("{key}", "00000000-0000-4000-8000-000000000000")
        view = resolve(path.replace("{oauth_id}", "x")).func
        assert offer.operation in operations_of(view).values()
