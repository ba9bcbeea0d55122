"""A walk over the URL resolver: every pattern, every method, everybody who might ask.

Nothing of another workspace is read or written, and whoever guesses at its ids is answered
as if there were no such thing; also while the first wall is down.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from django.db import transaction
from django.urls import resolve, reverse

from accounts import limits
from accounts.api import bearers
from accounts.api.cache import Checks
from accounts.models import Role
from accounts.permissions import may
from tests import walls
from tests.architecture import walking
from tests.architecture.addresses import ADDRESSES, Address, Who
from tests.architecture.walking import METHODS, Answer, Town

PEOPLE = ("anonymous", "viewer", "agent", "admin", "owner", "stranger", "staff")
BEARERS = ("service", "person", "strange service", "strange person")
ROLES = {role.value for role in Role}
OURS = {*ROLES, "service", "person"}

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def town(django_db_setup, django_db_blocker) -> Iterator[Town]:
    with (
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
        transaction.atomic(),
    ):
        patch.setattr(bearers, "checks", Checks(walking.claims_of))
        limits.forget_this_process()
        logging.disable(logging.WARNING)  # thousands are refused, each with a word
        yield walking.build()
        logging.disable(logging.NOTSET)
        limits.forget_this_process()
        transaction.set_rollback(True)


def test_every_pattern_is_classified_and_nothing_else():
    found = walking.names_of("config.urls")

    assert found.keys() ^ ADDRESSES.keys() == set()
    # Two addresses of one name would be walked as one.
    assert [name for name, routes in found.items() if len(routes) > 1] == []


@pytest.mark.parametrize("name", [n for n, a in ADDRESSES.items() if a.action])
def test_the_table_asks_for_the_same_right_as_the_view(town, name):
    view = resolve(path_of(name, town.ours.ids)).func

    assert view.__dict__["required_action"] == ADDRESSES[name].action


@pytest.mark.parametrize("name", ADDRESSES)
def test_everybody_gets_the_answer_that_is_theirs(town, name):
    address = ADDRESSES[name]
    wrong: list[str] = []
    for who in PEOPLE + (BEARERS if address.who is Who.BEARER else ()):
        other = town.theirs if who in OURS else town.ours
        before = other.digests()
        for methods in _steps(address, who):
            with town.step():
                wrong += _walked(town, name, who, methods)
                changed = {table for table, _ in other.digests() - before}
                if changed - {address.leaves}:
                    wrong.append(f"{who} {methods} changes {changed}")
    assert not wrong, "\n".join(wrong)


def _steps(address: Address, who: str) -> list[list[str]]:
    """What is refused leaves nothing behind, so all of it may happen in one savepoint."""
    refusals = {401, 403, 404, 405}
    if who == "anonymous" and address.who is not Who.ANYBODY:
        refusals.add(302)  # to the sign-in
    refused = [one for one in METHODS if expected(address, who, one) in refusals]
    return [refused, *([one] for one in METHODS if one not in refused)]


def _walked(town: Town, name: str, who: str, methods: list[str]) -> list[str]:
    """What is wrong with the answers to `who`, at the address as it is in ours."""
    wrong, path = [], path_of(name, town.ours.ids)
    other = town.theirs if who in OURS else town.ours
    for method in methods:
        answer = town.walkers[who].ask(method, path)
        if answer.status != (status := expected(ADDRESSES[name], who, method)):
            wrong.append(f"{who} {method}: {answer.status}, not {status}")
        seen = other.seen_in(answer, sent=list(town.ours.ids.values()))
        if seen and not (who == "staff" and ADDRESSES[name].is_of_all):
            wrong.append(f"{who} {method} shows: {seen}")
    return wrong


def expected(address: Address, who: str, method: str) -> int:
    """What the table says that `who` is answered; what nobody may is a 405."""
    answers = address.others.get(who, address.answers)
    if address.who is Who.ANYBODY:
        if who != "anonymous" and address.signed_in is not None:
            answers = address.signed_in
        return answers.get(method, 405)
    if address.who is Who.BEARER:
        if method in answers and who not in BEARERS:
            return 401
        return answers.get(method, 405)
    if who == "anonymous":
        return 302  # to the sign-in
    if address.who is Who.MEMBER and who not in ROLES:
        return 404
    if method not in answers:
        return 405
    if address.who is Who.STAFF and who != "staff":
        return 404
    if address.action is not None and not may(who, address.action):
        return 403
    return answers[method]


# --- other people's ids -----------------------------------------------------------
# Before a body is looked at.
_UNREAD = {400, 405, 411, 413, 415}
# Whoever may do most in a workspace: the others are refused before a row is looked for.
GUESSERS = {
    Who.MEMBER: ("owner",),
    Who.PERSON: ("owner",),
    Who.STAFF: ("staff",),
    Who.BEARER: ("service", "person"),
}


@dataclass(frozen=True)
class Guess:
    """A request with ids in it, as theirs or as nobody's: `{}` stands for one of them."""

    method: str
    path: Mapping[str, str]  # what fills the pattern
    query: str = ""
    body: Mapping[str, str] | None = None
    json: Mapping[str, Any] | None = None
    is_part: bool = False


def guesses(name: str, town: Town) -> Iterator[Guess]:
    """Every place in which an address takes an id, with the rest of the request as ours."""
    address = ADDRESSES[name]
    own = {one: town.ours.ids.get(id_, id_) for one, id_ in address.path.items()}
    foreign = {
        one: f"{{{id_}}}" if id_ in town.ours.ids else id_
        for one, id_ in address.path.items()
    }
    guessed = [own | {one: foreign[one]} for one in ("key", "oauth_id") if one in own]
    elsewhere = [foreign] if {*own} & {"slug", "workspace_slug"} else []
    for method in address.answers:
        yield Guess(method, own)
    for filling, method in product(guessed + elsewhere, METHODS):
        yield Guess(method, filling)
    for query in address.queries:
        yield Guess("GET", own, query)
    for query in address.parts:
        yield Guess("GET", own, query, is_part=True)
    for filling, body in product([own, *guessed], address.bodies):
        yield Guess("POST", filling, body=body)
    for filling, json in product([own, *guessed, *elsewhere], address.json):
        yield Guess(json.method, filling, json=json.says)


def complaints(town: Town, name: str, *, compares: bool) -> list[str]:
    """What is seen of the other workspace, changed there, or told by another answer than
    for ids that nobody has, by somebody of ours who guesses at its ids."""
    before, told = town.theirs.digests(), []
    whole = product(GUESSERS[ADDRESSES[name].who], guesses(name, town))
    for who, guess in whole:
        sent = _sent(guess, town.theirs.ids)
        with town.step():
            answer = _asked(town, who, name, guess, town.theirs.ids)
            if now := town.theirs.digests() - before:
                told.append(f"{who} {guess} changes {now}")
        if guess.json and (answer.status in _UNREAD or answer.status >= 500):
            told.append(f"{who} {guess} was not read: {answer.status}")
        if seen := town.theirs.seen_in(answer, sent=sent):
            told.append(f"{who} {guess} shows: {seen}")
        if compares and sent:
            with town.step():
                missing = _asked(town, who, name, guess, town.missing)
            ends = answer.without(sent), missing.without(_sent(guess, town.missing))
            if ends[0] != ends[1]:
                told.append(f"{who} {guess}: {walking.difference(*ends)}")
    return told


def _asked(
    town: Town, who: str, name: str, guess: Guess, ids: Mapping[str, str]
) -> Answer:
    kwargs = {one: what.format_map(ids) for one, what in guess.path.items()}
    query = "&".join(
        f"{one}={quote(what.format_map(ids))}" for one, what in _pairs(guess.query)
    )
    path = f"{reverse(name, kwargs=kwargs)}?{query}".removesuffix("?")
    known = {**ids, **{f"our_{one}": what for one, what in town.ours.ids.items()}}
    body = guess.body and _filled(guess.body, known)
    json = guess.json and _filled(guess.json, known)
    return town.walkers[who].ask(
        guess.method, path, body=body, json=json, is_part=guess.is_part
    )


def _filled(said: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    return {
        name: _filled(what, ids) if isinstance(what, dict) else what.format_map(ids)
        for name, what in said.items()
    }


def _pairs(query: str) -> list[list[str]]:
    return [pair.split("=", 1) for pair in query.split("&") if pair]


def _sent(guess: Guess, ids: Mapping[str, str]) -> list[str]:
    """The ids that stand in a request."""
    said = f"{list(guess.path.values())} {guess.query} {guess.body} {guess.json}"
    return [what for one, what in ids.items() if f"{{{one}}}" in said]


# What is open to everybody is so by a secret in the address, or shows nothing of anybody.
GUESSED = [
    name for name, one in ADDRESSES.items() if one.who in GUESSERS and not one.is_of_all
]


@pytest.mark.parametrize("name", GUESSED)
def test_what_is_theirs_is_answered_as_what_is_not_there(town, name):
    told = complaints(town, name, compares=True)

    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", GUESSED)
@pytest.mark.usefixtures("without_scopes")
def test_with_the_first_wall_down_nothing_of_theirs_is_seen_or_changed(town, name):
    told = complaints(town, name, compares=False)

    assert not told, "\n".join(told)


@pytest.mark.parametrize("name", [n for n, a in ADDRESSES.items() if a.json])
def test_what_a_program_writes_is_done_when_all_its_ids_are_its_own(town, name):
    """Else the walk would knock at a door that is closed to everybody."""
    address = ADDRESSES[name]
    own = {one: town.ours.ids.get(id_, id_) for one, id_ in address.path.items()}
    wrong = []
    for who, json in product(GUESSERS[Who.BEARER], address.json):
        with town.step():
            answer = _asked(
                town, who, name, Guess(json.method, own, json=json.says), town.ours.ids
            )
        if answer.status != json.done:
            wrong.append(f"{who} {json}: {answer.status} {answer.text[:200]}")

    assert not wrong, "\n".join(wrong)


def test_every_write_of_the_api_is_walked_with_a_body():
    writes = {
        (name, method)
        for name, address in ADDRESSES.items()
        if address.who is Who.BEARER
        for method in {*address.answers} - {"GET", "HEAD"}
    }

    assert writes
    assert writes == {
        (name, json.method) for name, one in ADDRESSES.items() for json in one.json
    }


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("whatsapp:lead-list", "shows"),
        ("whatsapp:lead-detail", "shows"),
        ("whatsapp:lead-detail", "status"),
        ("whatsapp:lead-edit", "changes"),
        ("whatsapp:link-state", "changes"),
        ("tickets-api:client", "changes"),
        ("tickets-api:tickets", "status"),
        ("whatsapp-api:messages", "status"),
    ],
)
@pytest.mark.usefixtures("without_scopes")
def test_with_both_walls_down_the_walk_sees_it(town, monkeypatch, name, what):
    """Else it would prove nothing: here the product runs as the owner of the tables."""
    monkeypatch.setattr(walls, "as_app", nullcontext)

    assert any(what in one for one in complaints(town, name, compares=True))


def path_of(name: str, ids: Mapping[str, str]) -> str:
    told = ADDRESSES[name].path
    kwargs = {one: ids.get(what, what) for one, what in told.items()}
    return reverse(name, kwargs=kwargs)
