"""What can be told of an address, and how most of them answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from accounts.permissions import Action

Statuses = Mapping[str, int]


class Who(StrEnum):
    ANYBODY = "anybody"
    PERSON = "whoever is signed in"
    MEMBER = "members whose role allows `action`"
    STAFF = "whoever looks after the installation"
    BEARER = "whoever shows a token"


@dataclass(frozen=True)
class Json:
    """What a program writes: `says` with ids as in `bodies`; `{our_…}` is one of our own,
    whoever's the others are. With all of them our own it is answered by `done`."""

    method: str
    says: Mapping[str, Any]
    done: int


@dataclass(frozen=True, kw_only=True)
class Address:
    """`answers` are those to whoever may, by method; every other method is refused.

    `signed_in` are those of open pages to whoever is signed in, `others` those to single
    walkers. `path` fills the pattern, with the name of an id or with a word. `queries` and
    `parts` (asked for by a part of a page) are query strings, `bodies` are posted as a form,
    `json` is written by programs. In the table `leaves` a visit leaves a row, whoever comes.
    One that `is_of_all` shows rows of every workspace to whoever looks after the
    installation.
    """

    who: Who
    answers: Statuses
    action: Action | None = None
    signed_in: Statuses | None = None
    others: Mapping[str, Statuses] = field(default_factory=dict)
    path: Mapping[str, str] = field(default_factory=dict)
    queries: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    bodies: tuple[Mapping[str, str], ...] = ()
    json: tuple[Json, ...] = ()
    leaves: str = ""
    is_of_all: bool = False


# --- how most of them answer ------------------------------------------------------
READ = {"GET": 200, "HEAD": 200}
AWAY = {"GET": 302, "HEAD": 302}
REFUSED = {"GET": 403, "HEAD": 403}
NOT_THERE = {"GET": 404, "HEAD": 404}
POST_NOT_THERE = {"POST": 404}
# What Django's and allauth's classes do: they say which methods there are, and the forms
# take a PUT for a POST.
SHOWN = {**READ, "OPTIONS": 200}
FILLED_IN = {**SHOWN, "POST": 200, "PUT": 200}


def always(status: int) -> Statuses:
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return dict.fromkeys(methods, status)


def member(
    action: Action,
    key: str,
    answers: Statuses,
    *,
    queries: tuple[str, ...] = (),
    parts: tuple[str, ...] = (),
    bodies: tuple[Mapping[str, str], ...] = (),
) -> Address:
    return Address(
        who=Who.MEMBER,
        action=action,
        answers=answers,
        path={"workspace_slug": "slug"} | ({"key": key} if key else {}),
        queries=queries,
        parts=parts,
        bodies=bodies,
    )


def page(
    action: Action,
    key: str = "",
    *,
    queries: tuple[str, ...] = (),
    parts: tuple[str, ...] = (),
) -> Address:
    """Read, never written."""
    return member(action, key, READ, queries=queries, parts=parts)


def file(action: Action, key: str = "", *, queries: tuple[str, ...] = ()) -> Address:
    """Taken along, and noted: nobody asks for its headers alone."""
    return member(action, key, {"GET": 200}, queries=queries)


def form(
    action: Action,
    key: str = "",
    *,
    empty: int = 200,
    queries: tuple[str, ...] = (),
    parts: tuple[str, ...] = (),
    bodies: tuple[Mapping[str, str], ...] = (),
) -> Address:
    """A page that also takes a post; `empty` is the answer to one that says nothing."""
    answers = {**READ, "POST": empty}
    return member(action, key, answers, queries=queries, parts=parts, bodies=bodies)


def act(
    action: Action,
    key: str = "",
    *,
    empty: int = 302,
    bodies: tuple[Mapping[str, str], ...] = (),
) -> Address:
    """A button."""
    return member(action, key, {"POST": empty}, bodies=bodies)


def anybodys(
    answers: Statuses, signed_in: Statuses | None = None, **path: str
) -> Address:
    return Address(who=Who.ANYBODY, answers=answers, signed_in=signed_in, path=path)


def personal(answers: Statuses, **path: str) -> Address:
    return Address(who=Who.PERSON, answers=answers, path=path)


def asked_twice(
    name: str,
    answers: Statuses,
    *,
    queries: tuple[str, ...] = (),
    json: tuple[Json, ...] = (),
    **path: str,
) -> dict[str, Address]:
    """An address of the API with a workspace in it, and without.

    Strangers have their own at the second one: what stands in it as a key is not there.
    """
    space, _, word = name.partition(":")
    missing = dict.fromkeys(answers, 404)
    # What is sent is looked at before a row is looked for.
    unread = {method: 404 if method in READ else answers[method] for method in answers}
    strangers = ("strange service", "strange person")
    told: dict[str, Any] = {
        "who": Who.BEARER,
        "answers": answers,
        "queries": queries,
        "json": json,
    }
    is_keyed = bool({*path} - {"number"})
    return {
        name: Address(
            **told,
            path=path,
            others=dict.fromkeys(strangers, unread) if is_keyed else {},
        ),
        f"{space}:workspace-{word}": Address(
            **told,
            path=path | {"slug": "slug"},
            others=dict.fromkeys(strangers, missing),
        ),
    }


# --- ids in queries and bodies ----------------------------------------------------
# Just after all the furniture: of one moment rows are told apart by their keys.
AT = "1773154800000001"
