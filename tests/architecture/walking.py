"""Walking over the addresses: who walks, on which ground, and what an answer says.

Two workspaces are furnished alike, ours and theirs, once for a module, inside a transaction
that is never committed. Each request happens in a savepoint of it that is rolled back, so
that no request finds what another one has done.
"""

import re
import uuid
import zlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.cookies import SimpleCookie
from typing import Any, cast
from urllib.parse import quote

from allauth.account.models import EmailAddress
from django.apps import apps
from django.core import signing
from django.db import connection, transaction
from django.db.models import Model
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts import digests, token_format
from accounts.api.cache import Claims
from accounts.models import BrowserSession, User, Workspace
from accounts.permissions import Scope
from accounts.scoping import WorkspaceScoped
from tests.architecture.furniture import Furniture, furnish
from tests.factories import accounts as make
from webhooks.models import RawWebhook

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
POLICED: list[type[Model]] = [
    *(one for one in apps.get_models() if issubclass(one, WorkspaceScoped)),
    RawWebhook,
]
# Numbers of theirs, of rows made by a request, and of nothing: they stand nowhere else.
FAR, LATER, NOWHERE = "7310001", "5210001", "7319999"
_HEX = re.compile(r"[0-9a-f]{32}")
_KEYED = (
    *("channel", "phone", "lead", "link", "conversation", "note", "saved", "template"),
    *("merge", "walk", "send", "canned", "client", "ticket", "notice"),
    *("webhook", "rule", "token", "member", "invited", "outage", "file"),
    *("source", "subscription", "delivery"),
)
_ISSUER = "https://identity.example"
_KEY = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")


def names_of(urlconf: str) -> dict[str, set[str]]:
    """Every name of the resolver, with the routes it stands for."""
    found: dict[str, set[str]] = {}
    _collect(get_resolver(urlconf).url_patterns, "", "", found)
    return found


def _collect(
    patterns: list[URLPattern | URLResolver],
    route: str,
    space: str,
    found: dict[str, set[str]],
) -> None:
    for one in patterns:
        here = route + str(one.pattern)
        if isinstance(one, URLResolver):
            inner = f"{space}{one.namespace}:" if one.namespace else space
            _collect(one.url_patterns, here, inner, found)
        else:
            found.setdefault(f"{space}{one.name}", set()).add(here)


# --- asking and answers -----------------------------------------------------------
class Walker:
    """Somebody with a browser that forgets what a request has left in it."""

    def __init__(self, client: Client, headers: Mapping[str, str] | None = None):
        self._client = client
        self._cookies = SimpleCookie(client.cookies)
        self._headers = dict(headers or {})

    def ask(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        is_part: bool = False,
    ) -> "Answer":
        """Ask inside a savepoint that the caller rolls back; see `Town.step`."""
        headers = self._headers | ({"HX-Request": "true"} if is_part else {})
        told: dict[str, Any] = {"headers": headers}
        if body is not None:
            told["data"] = body
        if json is not None:
            told |= {"data": json, "content_type": "application/json"}
            headers["Idempotency-Key"] = "a key of the walk"
        self._client.cookies = SimpleCookie(self._cookies)
        response = getattr(self._client, method.lower())(path, **told)
        return Answer.of(response)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @classmethod
    def of(cls, response: HttpResponseBase) -> "Answer":
        told = cast("Any", response)
        content = b"".join(told.streaming_content) if told.streaming else told.content
        headers = dict(response.headers)
        if "messages" in response.cookies:
            headers["messages"] = _notices(response.cookies["messages"].value)
        return cls(response.status_code, headers, content.decode("latin-1"))

    def without(self, sent: Collection[str]) -> "Answer":
        """As if nothing of `sent` had been echoed, at a moment that is no moment."""
        masks = _masks(sent)
        headers = {
            name: _masked(value, masks)
            for name, value in self.headers.items()
            if name not in _FLEETING
        }
        return Answer(self.status, headers, _masked(self.text, masks))


def _notices(cookie: str) -> str:
    """What a cookie of notices says, without the moment of its signature."""
    said = cookie.partition(":")[0]
    content = signing.b64_decode(said.removeprefix(".").encode())
    return (zlib.decompress(content) if said.startswith(".") else content).decode()


def difference(one: Answer, other: Answer) -> str:
    """Where two answers part."""
    if one.status != other.status:
        return f"status {one.status}, not {other.status}"
    if one.headers != other.headers:
        return f"headers {set(one.headers.items()) ^ set(other.headers.items())}"
    pairs = enumerate(zip(one.text, other.text, strict=False))
    at = next((at for at, (a, b) in pairs if a != b), 0)
    cuts = [text[max(0, at - 60) : at + 60] for text in (one.text, other.text)]
    return f"text {cuts[0]!r}, not {cuts[1]!r}"


_FLEETING = {"Content-Length", "Content-Security-Policy", "ETag", "Expires"}
_ALWAYS = (
    r"\d{16}-(?:[0-9a-f]{32}|\d+)",  # a position in a list: a moment and a key
    r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}",  # keys, drafts
    r"/invitations/[\w-]{43}",
    r'name="csrfmiddlewaretoken" value="\w+"',
    r'"X-CSRFToken": ?"\w+"',
    r'nonce="[^"]+"',
    r'data-live-since="\d+"',
    r"\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?",
)


def _masks(sent: Collection[str]) -> re.Pattern[str]:
    """Longest first, and as they stand in addresses, and in addresses in addresses."""
    ways = {way for one in sent for way in (one, quote(one), quote(quote(one)))}
    words = sorted(ways, key=len, reverse=True)
    return re.compile("|".join([*map(re.escape, words), *_ALWAYS]))


def _masked(text: str, masks: re.Pattern[str]) -> str:
    return masks.sub("…", text)


# --- the ground -------------------------------------------------------------------
@dataclass(frozen=True)
class Town:
    """Two workspaces, those who walk, and ids of every kind: ours, theirs, and nobody's."""

    ours: "House"
    theirs: "House"
    missing: Mapping[str, str]
    walkers: Mapping[str, Walker]

    @contextmanager
    def step(self) -> Iterator[None]:
        """Nothing of what happens inside lasts."""
        with transaction.atomic():
            # As a TestCase's own: what is durable in the product may be opened inside.
            connection.atomic_blocks[-1]._from_testcase = True  # type: ignore[attr-defined]  # private
            yield
            transaction.set_rollback(True)


@dataclass(frozen=True)
class House:
    """A workspace and its people. All that was written in it holds `word`."""

    word: str
    furniture: Furniture
    owner: User
    ids: Mapping[str, str]

    def seen_in(self, answer: Answer, *, sent: Collection[str]) -> str:
        """What of this house stands in an answer, and was not sent with the request."""
        if not self._signs.search(f"{answer.headers} {answer.text}"):
            return ""
        bare = answer.without(sent)
        told = f"{bare.headers} {bare.text}"
        found = self._signs.search(told)
        return told[max(0, found.start() - 80) : found.end() + 80] if found else ""

    @cached_property
    def _signs(self) -> re.Pattern[str]:
        """Words and numbers that stand nowhere else; keys are masked away before."""
        numbers = [one for one in self.ids.values() if one.startswith(FAR[:4])]
        return re.compile("|".join([self.word, *numbers]), re.IGNORECASE)

    def digests(self) -> set[tuple[str, str]]:
        """Of each table with rows of the workspace or of its people: one changes with them."""
        with connection.cursor() as cursor:
            cursor.execute(_DIGESTS, {"workspace": self.furniture.workspace.pk})
            return set(cursor.fetchall())


def build() -> Town:
    """In a transaction, as the owner of the database."""
    ours = _house("padaria", "jabuticaba", number="1")
    _count_from(FAR)
    theirs = _house("oficina", "zarabatana", number="2")
    _count_from(LATER)
    workspace = ours.furniture.workspace
    staff = make.user(email="staff@example.com", is_platform_admin=True)
    people = {
        "agent": ours.furniture.user,
        "owner": ours.owner,
        "staff": staff,
        "stranger": theirs.owner,
    }
    for role in ("viewer", "admin"):
        people[role] = make.user(email=f"{role}@jabuticaba.example")
        make.membership(workspace, people[role], role=role)
    walkers = {name: Walker(_signed_in(one)) for name, one in people.items()}
    return Town(
        ours=ours,
        theirs=theirs,
        missing={name: _like(one) for name, one in theirs.ids.items()},
        walkers=walkers
        | {
            "anonymous": Walker(Client()),
            "service": Walker(Client(), _bearer(_service(ours))),
            "strange service": Walker(Client(), _bearer(_service(theirs))),
            "person": Walker(Client(), _bearer(ours.word)),
            "strange person": Walker(Client(), _bearer(theirs.word)),
        },
    )


def claims_of(token: str) -> Claims | None:
    """What an identity server would say of the two persons' bearers."""
    numbers = {"jabuticaba": "1", "zarabatana": "2"}
    return Claims(_ISSUER, numbers[token]) if token in numbers else None


def _house(slug: str, word: str, *, number: str) -> House:
    workspace = make.workspace(slug=slug, name=word.title())
    owner = make.user(email=f"owner@{word}.example", name=word)
    agent = make.user(
        email=f"agent@{word}.example", oauth_issuer=_ISSUER, oauth_id=number
    )
    make.membership(workspace, owner, role="owner")
    make.membership(workspace, agent, role="agent")
    furniture = furnish(
        workspace, owner, agent, words=word, slug=f"{word}-bio", reference=number
    )
    _signed_in(agent)
    session = BrowserSession.objects.get(user=agent)
    keys = {name: getattr(furniture, name).key for name in _KEYED}
    ids = {name: str(key) for name, key in keys.items()}
    ids |= {f"{name}_hex": key.hex for name, key in keys.items()}
    connected = furniture.phone.integration
    heard = furniture.heard.external_id
    assert connected is not None
    oauth_id = furniture.client.oauth_id
    assert heard is not None
    assert oauth_id is not None
    return House(
        word,
        furniture,
        owner,
        ids
        | {
            "slug": slug,
            "link_slug": f"{word}-bio",
            "email": agent.email,
            "oauth": oauth_id,
            "talk": str(furniture.talk.key),
            "told": heard,
            "session": str(session.key),
            "integration": str(connected.key),
            "user_pk": str(agent.pk),
            "message_pk": str(furniture.message.pk),
            "touch_pk": str(furniture.touch.pk),
            "attribution_pk": str(furniture.attribution.pk),
            "webhook_pk": str(furniture.webhook.pk),
        },
    )


def _like(theirs: str) -> str:
    """An id of the same kind that stands for nothing."""
    if _HEX.fullmatch(theirs):
        return uuid.uuid4().hex
    if theirs.isdecimal():
        return NOWHERE
    if _KEY.fullmatch(theirs):
        return str(uuid.uuid4())
    return theirs.replace("zarabatana", "inexistent").replace("oficina", "nenhuma")


def _count_from(number: str) -> None:
    """All rows made from now on have numbers that stand nowhere else on a page."""
    with connection.cursor() as cursor:
        models: list[type[Model]] = [*POLICED, User]
        for model in models:
            table = connection.ops.quote_name(model._meta.db_table)
            cursor.execute("SELECT pg_get_serial_sequence(%s, 'id')", [table])
            cursor.execute(f"ALTER SEQUENCE {cursor.fetchone()[0]} RESTART {number}")


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def _service(house: House) -> str:
    secret = token_format.new_secret()
    digest = digests.of_token(secret)
    make.api_token(
        house.furniture.workspace,
        name=f"{house.word} 2",
        digest=digest,
        scopes=[scope.value for scope in Scope],
    )
    return secret


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


_PEOPLE = "(SELECT user_id FROM accounts_membership WHERE workspace_id = %(workspace)s)"
_PLACES = {
    Workspace: "id = %(workspace)s",
    User: f"id IN {_PEOPLE}",
    BrowserSession: f"user_id IN {_PEOPLE}",
    EmailAddress: f"user_id IN {_PEOPLE}",
} | dict.fromkeys(POLICED, "workspace_id = %(workspace)s")
_DIGEST = "SELECT '{0}', md5(string_agg(row::text, '|' ORDER BY row.id)) FROM {0} AS row WHERE {1}"
_DIGESTS = " UNION ALL ".join(
    _DIGEST.format(model._meta.db_table, place) for model, place in _PLACES.items()
)
