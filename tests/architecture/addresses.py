"""Every address of Recado: who may ask for it, how, and what is answered then.

One that is missing here fails the suite, and so does one that is here and nowhere else.
Where ids are taken from a request (path, query, body), it is told which; `{lead}` is the
key of a lead, `{user_pk}` the number of a person: see `walking.House.ids`.
"""

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


@dataclass(frozen=True, kw_only=True)
class Address:
    """`answers` are those to whoever may, by method; every other method is refused.

    `signed_in` are those of open pages to whoever is signed in, `others` those to single
    walkers. `path` fills the pattern, with the name of an id or with a word. `queries` and
    `parts` (asked for by a part of a page) are query strings, `bodies` are posted. In the
    table `leaves` a visit leaves a row, whoever comes. One that `is_of_all` shows rows of
    every workspace to whoever looks after the installation.
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
    leaves: str = ""
    is_of_all: bool = False


# --- how most of them answer ------------------------------------------------------
_READ = {"GET": 200, "HEAD": 200}
_AWAY = {"GET": 302, "HEAD": 302}
_REFUSED = {"GET": 403, "HEAD": 403}
_NOT_THERE = {"GET": 404, "HEAD": 404}
_POST_NOT_THERE = {"POST": 404}
# What Django's and allauth's classes do: they say which methods there are, and the forms
# take a PUT for a POST.
_SHOWN = {**_READ, "OPTIONS": 200}
_FILLED_IN = {**_SHOWN, "POST": 200, "PUT": 200}


def _always(status: int) -> Statuses:
    methods = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return dict.fromkeys(methods, status)


def _member(
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


def _page(
    action: Action,
    key: str = "",
    *,
    queries: tuple[str, ...] = (),
    parts: tuple[str, ...] = (),
) -> Address:
    """Read, never written."""
    return _member(action, key, _READ, queries=queries, parts=parts)


def _file(action: Action, key: str = "", *, queries: tuple[str, ...] = ()) -> Address:
    """Taken along, and noted: nobody asks for its headers alone."""
    return _member(action, key, {"GET": 200}, queries=queries)


def _form(
    action: Action,
    key: str = "",
    *,
    empty: int = 200,
    queries: tuple[str, ...] = (),
    parts: tuple[str, ...] = (),
    bodies: tuple[Mapping[str, str], ...] = (),
) -> Address:
    """A page that also takes a post; `empty` is the answer to one that says nothing."""
    answers = {**_READ, "POST": empty}
    return _member(action, key, answers, queries=queries, parts=parts, bodies=bodies)


def _act(
    action: Action,
    key: str = "",
    *,
    empty: int = 302,
    bodies: tuple[Mapping[str, str], ...] = (),
) -> Address:
    """A button."""
    return _member(action, key, {"POST": empty}, bodies=bodies)


def _open(answers: Statuses, signed_in: Statuses | None = None, **path: str) -> Address:
    return Address(who=Who.ANYBODY, answers=answers, signed_in=signed_in, path=path)


def _personal(answers: Statuses, **path: str) -> Address:
    return Address(who=Who.PERSON, answers=answers, path=path)


def _asked_twice(
    name: str,
    answers: Statuses,
    *,
    queries: tuple[str, ...] = (),
    bodies: tuple[Mapping[str, str], ...] = (),
    **path: str,
) -> dict[str, Address]:
    """An address of the API with a workspace in it, and without.

    Strangers have their own at the second one: what stands in it as a key is not there.
    """
    space, _, word = name.partition(":")
    missing = dict.fromkeys(answers, 404)
    # What is sent is looked at before a row is looked for.
    unread = {method: 404 if method in _READ else answers[method] for method in answers}
    strangers = ("strange service", "strange person")
    told: dict[str, Any] = {
        "who": Who.BEARER,
        "answers": answers,
        "queries": queries,
        "bodies": bodies,
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
_AT = "1773154800000001"
_LEAD_FILTERS = (
    "link={link_slug}",
    "origin=link&campaign={link_slug}&source={link_slug}",
    "ad={link_slug}&won=1&talk=1",
    "q={email}",
    f"before={_AT}-{{lead_hex}}",
    "from=link={link_slug}",
)
_CONVERSATION_FILTERS = (
    "channel={channel}",
    "channel={phone}&tab=closed",
    "q={email}",
    f"before={_AT}-{{conversation_hex}}",
)
_RAW_FILTERS = (
    "integration={integration}",
    "channel={phone}",
    "replayed=1-{webhook_pk}",
)
_SAVED = ("rename={saved}", "delete={saved}")
_SAVED_ACTS = (
    {"act": "rename", "key": "{saved}", "name": "Outro"},
    {"act": "delete", "key": "{saved}"},
    {"act": "save", "name": "Novo", "query": "link={link_slug}"},
    {"act": "save", "name": "Novo", "query": "channel={channel}"},
)
_LINK = {
    "slug": "novo-link",
    "channel": "{channel}",
    "prefilled_text": "Oi",
}
_TICKET_FILTERS = (
    f"before={_AT}-{{ticket_hex}}",
    "client={client}&status=all",
    "lead={lead}&status=all",
    "assignee={user_pk}&status=all",
    "source={channel}&status=all",
    "q={email}&status=all",
)
_SUBSCRIPTION = {
    "name": "Outro",
    "url": "https://example.com/events",
    "kind_ticket_created": "on",
}
_DRAFT = "5b1f3f0e-0000-4000-8000-000000000001"
_TICKET = {"title": "Outro", "priority": "normal", "key": _DRAFT}
_NOTIFICATION_FILTERS = (
    f"before={_AT}-{{ticket_hex}}",
    "rule={notice}",
    "template={email}",
    "reason={email}",
)
_RULE = {"event": "created", "audience": "client", "language": "en", "text": "Oi"}
_WAYS = {"quiet_from": "21:00", "quiet_until": "08:00", "repeat_minutes": "5"}

ADDRESSES: dict[str, Address] = {
    # The installation.
    "healthz": _open(_READ),
    "readyz": _open(_READ),
    "metrics": _open(_READ),
    "design": Address(
        who=Who.PERSON,
        answers=_READ,
        others={"staff": _NOT_THERE},  # it shows itself in a workspace of the reader
    ),
    "help:index": _personal(_READ),
    "help:page": _personal(_READ, page="connect"),
    # Bearers.
    "api:user": Address(
        who=Who.BEARER,
        answers=_READ,
        others=dict.fromkeys(("service", "strange service"), _REFUSED),
    ),
    "api:verify": Address(who=Who.BEARER, answers=_READ),
    "api:workspace": Address(
        who=Who.BEARER,
        answers=_READ,
        others=dict.fromkeys(("strange service", "strange person"), _NOT_THERE),
        path={"slug": "slug"},
    ),
    "api-page:reference": _open(_READ),
    "api-page:document": _open(_READ),
    **_asked_twice("whatsapp-api:leads", _READ, queries=("q={email}", "phone={email}")),
    **_asked_twice("whatsapp-api:lead", _READ, key="lead"),
    **_asked_twice(
        "whatsapp-api:conversations",
        _READ,
        queries=("lead={lead}", "channel={channel}", "channel={email}"),
    ),
    **_asked_twice("whatsapp-api:conversation", _READ, key="conversation"),
    **_asked_twice("whatsapp-api:conversation-messages", _READ, key="conversation"),
    **_asked_twice(
        "whatsapp-api:messages",
        {**_READ, "POST": 415},
        queries=("channel={channel}",),
        bodies=({"to": "5511999990000", "conversation": "{conversation}"},),
    ),
    **_asked_twice("whatsapp-api:message", _READ, key="send"),
    **_asked_twice(
        "tickets-api:clients", {**_READ, "POST": 415}, queries=("q={email}",)
    ),
    **_asked_twice(
        "tickets-api:client", {**_READ, "PUT": 415, "PATCH": 415}, oauth_id="client"
    ),
    **_asked_twice(
        "tickets-api:tickets",
        {**_READ, "POST": 415},
        queries=("client={client}", "assignee={email}", "q={email}"),
    ),
    **_asked_twice("tickets-api:ticket", {**_READ, "PATCH": 415}, number="1"),
    **_asked_twice("tickets-api:comments", {**_READ, "POST": 415}, number="1"),
    **_asked_twice("tickets-api:send", {"POST": 415}),
    **_asked_twice("tickets-api:notify", {"POST": 415}),
    # One's own account.
    "accounts:home": Address(
        who=Who.PERSON,
        answers=_AWAY,
        others={"staff": _READ},  # in no workspace, so there is nowhere to go
    ),
    "accounts:preferences-update": _personal({"POST": 302}),
    "accounts:session-list": _personal(_READ),
    "accounts:session-end": Address(
        who=Who.PERSON, answers={"POST": 302}, bodies=({"key": "{session}"},)
    ),
    "account_set_password": _personal(_AWAY),
    "account_reauthenticate": _personal(_FILLED_IN),
    "account_email": _personal({**_FILLED_IN, "POST": 302, "PUT": 302}),
    "account_change_password": _personal(_FILLED_IN),
    # One's second factor; most of it asks for the password once more, or has nothing yet.
    "mfa_index": _personal(_SHOWN),
    "mfa_list_webauthn": _personal(_SHOWN),
    "mfa_authenticate": _open(_always(302)),  # only in the middle of signing in
    "mfa_view_recovery_codes": _personal({**_NOT_THERE, "OPTIONS": 200}),
    "mfa_deactivate_totp": _personal(_always(404)),
    "mfa_download_recovery_codes": _personal(_always(404)),
    "mfa_reauthenticate": _personal(_always(302)),
    "mfa_reauthenticate_webauthn": _personal(_always(302)),
    "mfa_activate_totp": _personal(_always(302)),
    "mfa_generate_recovery_codes": _personal(_always(302)),
    "mfa_add_webauthn": _personal(_always(302)),
    "mfa_remove_webauthn": _personal(_always(302), pk="1"),
    "mfa_edit_webauthn": _personal(_always(302), pk="1"),
    # The door.
    "account_login": _open(_FILLED_IN, _always(302)),
    "account_logout": _open(
        {**_AWAY, "POST": 302, "OPTIONS": 200}, {**_SHOWN, "POST": 302}
    ),
    "account_signup": _open(_always(200), _always(302)),  # closed
    "account_inactive": _open(_SHOWN),
    "account_email_verification_sent": _open(_SHOWN),
    "account_confirm_email": _open({**_SHOWN, "POST": 404}, key="inexistente"),
    "account_confirm_login_code": _open(_always(302)),
    "account_reset_password": _open(_FILLED_IN),
    "account_reset_password_done": _open(_SHOWN),
    "account_reset_password_from_key": _open(
        _always(200),
        uidb36="nobody",  # of a person allauth notes the address at this, unproven
        key="abc-def",
    ),
    "account_reset_password_from_key_done": _open(_SHOWN),
    "sso_login": _open({"POST": 404}),  # this installation has no identity server
    "sso_callback": _open({"GET": 404}),
    # Whoever holds the secret in them: it is what lets in, whosever the workspace is.
    "accounts:invitation": _open(
        {**_NOT_THERE, "POST": 302}, {**_NOT_THERE, "POST": 404}, token="inexistente"
    ),
    "accounts:invitation-account": _open({"POST": 404}, token="inexistente"),
    # Visitors of a link: whose it is does not matter.
    "whatsapp-public:link-follow": Address(
        who=Who.ANYBODY,
        answers=_AWAY,
        path={"slug": "link_slug"},
        leaves="whatsapp_touch",
    ),
    # Providers, by a signed link that says which file it is.
    "whatsapp-files:file-linked": _open(_NOT_THERE, token="inexistente"),
    # The sandbox's gateway knows numbers by their keys, and its codes lead members on.
    "sandbox:gateway": _open(
        {"GET": 401, "POST": 401, "DELETE": 401}, number="5511900000099"
    ),
    "sandbox:messages": _open({"POST": 401}, number="5511900000099"),
    "sandbox:read": _open({"POST": 401}, number="5511900000099"),
    "sandbox:upload": _open({"POST": 401}, number="5511900000099"),
    "sandbox:file": _open(
        {"GET": 401}, number="5511900000099", media_id="m-1", kind="image"
    ),
    "sandbox:templates": _open({"GET": 401, "POST": 401}, number="5511900000099"),
    "sandbox:template": _open(
        {"POST": 401, "DELETE": 401}, number="5511900000099", which="pedido"
    ),
    "sandbox:webhook": _open({"GET": 401, "POST": 401}, number="5511900000099"),
    "sandbox:phone": Address(
        who=Who.PERSON,
        answers=_AWAY,
        others={"stranger": _NOT_THERE, "staff": _NOT_THERE},
        path={"key": "phone"},
        queries=("code={email}",),
    ),
    # Settings.
    "accounts:settings-home": _page(Action.READ),
    "accounts:settings-workspace": _form(Action.MANAGE_WORKSPACE),
    "accounts:settings-members": _page(Action.READ),
    "accounts:settings-member-invite": _form(
        Action.MANAGE_MEMBERS, bodies=({"email": "{email}", "role": "agent"},)
    ),
    "accounts:settings-member-leave": _form(Action.READ, empty=302),
    "accounts:settings-member-ownership": _form(
        Action.TRANSFER_OWNERSHIP, bodies=({"heir": "{member}", "name": "Jabuticaba"},)
    ),
    "accounts:settings-member": _form(
        Action.MANAGE_MEMBERS, "member", bodies=({"role": "viewer"},)
    ),
    "accounts:settings-member-remove": _form(
        Action.MANAGE_MEMBERS, "member", empty=302
    ),
    "accounts:settings-member-invitation-renew": _act(
        Action.MANAGE_MEMBERS, "invited", empty=200
    ),
    "accounts:settings-member-invitation-revoke": _form(
        Action.MANAGE_MEMBERS, "invited", empty=302
    ),
    "accounts:settings-applications": _page(Action.MANAGE_WORKSPACE),
    "accounts:settings-sign-in": _form(Action.MANAGE_MEMBERS),
    "accounts:settings-sign-in-rule-delete": _act(Action.MANAGE_MEMBERS, "rule"),
    "accounts:settings-audit": _page(
        Action.READ_AUDIT,
        queries=("person={email}", "target={lead}", "before={user_pk}"),
    ),
    "accounts:settings-audit-csv": _file(
        Action.READ_AUDIT, queries=("person={email}",)
    ),
    "accounts:settings-audit-jsonl": _file(
        Action.READ_AUDIT, queries=("target={conversation}",)
    ),
    "accounts:settings-audit-verify": _act(Action.READ_AUDIT),
    "tokens:token-list": _page(Action.MANAGE_WORKSPACE),
    "tokens:token-new": _form(Action.MANAGE_WORKSPACE),
    "tokens:token-revoke": _form(Action.MANAGE_WORKSPACE, "token", empty=302),
    # Conversations, leads, links.
    "whatsapp:conversation-list": _page(
        Action.READ,
        queries=_CONVERSATION_FILTERS,
        parts=(f"after={_AT}-{{conversation_hex}}&channel={{channel}}", "q={email}"),
    ),
    "whatsapp:conversation-detail": _form(
        Action.READ,
        "conversation",
        empty=400,
        queries=(*_CONVERSATION_FILTERS, f"earlier={_AT}-{{touch_pk}}"),
        parts=("live=open-{user_pk}",),
        bodies=(
            {"act": "assign", "assignee": "{user_pk}"},
            {"act": "assign", "assignee": "me", "was": "{user_pk}"},
            {"act": "close"},
            {"act": "reopen"},
            {"act": "read", "seen": "1"},
        ),
    ),
    "whatsapp:conversation-reply": _member(
        Action.REPLY,
        "conversation",
        {"GET": 302, "HEAD": 302, "POST": 422},
        queries=("reply={message_pk}", "canned={canned}"),
        bodies=(
            {"text": "Oi", "draft": _DRAFT, "reply_to": "{message_pk}"},
            {"react": "👍", "target": "{message_pk}", "draft": _DRAFT},
        ),
    ),
    "whatsapp:conversation-settle": _act(
        Action.REPLY,
        "conversation",
        empty=400,
        bodies=({"again": "{message_pk}"}, {"drop": "{message_pk}"}),
    ),
    "whatsapp:conversation-canned": _form(
        Action.REPLY,
        empty=400,
        queries=("for={conversation}", "edit={canned}", "delete={canned}", "new=1"),
        bodies=(
            {"act": "add", "name": "preço", "text": "R$ 45"},
            {"act": "change", "key": "{canned}", "name": "x", "text": "y"},
            {"act": "delete", "key": "{canned}"},
        ),
    ),
    "whatsapp:conversation-filters": _form(
        Action.READ, empty=400, queries=_SAVED, bodies=_SAVED_ACTS
    ),
    "whatsapp:lead-list": _page(Action.READ, queries=_LEAD_FILTERS),
    "whatsapp:lead-export": _file(Action.READ, queries=_LEAD_FILTERS),
    "whatsapp:lead-report": _page(
        Action.READ, queries=("by=link&since=2026-03-01&until=2026-03-31",)
    ),
    "whatsapp:lead-report-export": _file(
        Action.READ, queries=("by=link&since=2026-03-01&until=2026-03-31",)
    ),
    "whatsapp:lead-filters": _form(
        Action.READ, empty=400, queries=_SAVED, bodies=_SAVED_ACTS
    ),
    "whatsapp:lead-detail": _page(Action.READ, "lead", queries=("from=q={email}",)),
    "whatsapp:lead-edit": _form(
        Action.EDIT_LEADS, "lead", empty=302, bodies=({"name": "Outra", "seen": ""},)
    ),
    "whatsapp:lead-duplicates": _page(
        Action.READ, queries=(f"before={_AT}-{{lead_hex}}", "clue=email")
    ),
    "whatsapp:lead-merge": _form(
        Action.EDIT_LEADS,
        "lead",
        queries=("with={lead}", "q={email}"),
        bodies=({"with": "{lead}", "reason": "x"},),
    ),
    "whatsapp:lead-merge-undo": _form(
        Action.EDIT_LEADS, "merge", bodies=({"reason": "x"},)
    ),
    "whatsapp:lead-apart": _act(
        Action.EDIT_LEADS, "lead", empty=404, bodies=({"other": "{lead}"},)
    ),
    "whatsapp:lead-origin": _form(
        Action.EDIT_LEADS,
        "lead",
        bodies=(
            {"origin": "touch-{touch_pk}", "reason": "x", "seen": "1"},
            {"origin": "link-{link_hex}", "reason": "x", "seen": "{attribution_pk}"},
        ),
    ),
    "whatsapp:lead-notes": _form(
        Action.EDIT_LEADS,
        "lead",
        queries=("delete={note}",),
        bodies=(
            {"delete": "{note}"},
            {"key": "{note}", "text": "Outra nota"},
        ),
    ),
    "whatsapp:lead-silence": _form(
        Action.EDIT_LEADS, "lead", bodies=({"wanted": "all", "reason": "x"},)
    ),
    "whatsapp:opt-out-words": _form(Action.MANAGE_WORKSPACE, empty=302),
    "whatsapp:channel-hours": _form(
        Action.CONNECT, "channel", bodies=({"preview": "1", "day_0": "9-18"},)
    ),
    "whatsapp:link-list": _page(Action.READ, queries=("sort=clicks&page=2",)),
    "whatsapp:link-export": _file(Action.READ, queries=("sort=name",)),
    "whatsapp:link-won-stages": _form(
        Action.EDIT_LINKS, empty=302, bodies=({"won": "Ganho"},)
    ),
    "whatsapp:link-test": _page(Action.READ, "walk"),
    "whatsapp:link-test-new": _form(Action.EDIT_LINKS, "link"),
    "whatsapp:link-check": _page(Action.READ, "link"),
    "whatsapp:link-check-now": _act(Action.EDIT_LINKS, "link"),
    "whatsapp:link-funnel": _file(Action.READ, "link"),
    "whatsapp:link-won": _page(
        Action.READ, "link", queries=(f"before={_AT}-{{touch_pk}}",)
    ),
    "whatsapp:link-new": _form(
        Action.EDIT_LINKS,
        bodies=(_LINK, _LINK | {"preview": "1"}),
    ),
    "whatsapp:link-detail": _page(Action.READ, "link"),
    "whatsapp:link-edit": _form(
        Action.EDIT_LINKS, "link", bodies=(_LINK, _LINK | {"preview": "1"})
    ),
    "whatsapp:link-state": _form(
        Action.EDIT_LINKS, "link", empty=400, bodies=({"state": "paused"},)
    ),
    "whatsapp:link-clicks": _page(
        Action.READ, "link", queries=(f"before={_AT}-{{touch_pk}}",)
    ),
    "whatsapp:link-conversations": _page(
        Action.READ, "link", queries=(f"before={_AT}-{{touch_pk}}",)
    ),
    "whatsapp:link-qr": _page(Action.READ, "link"),
    "whatsapp:link-qr-png": _page(Action.READ, "link"),
    "whatsapp:sandbox-phone": _form(
        Action.REPLY,
        "phone",
        empty=302,
        queries=("reply={email}",),
        bodies=(
            {"intent": "link", "link": "{link}", "token": "whole", "draft": _DRAFT},
        ),
    ),
    "whatsapp:send-list": _page(
        Action.READ,
        queries=(
            "number={channel}",
            "q={email}",
            "before=1760000000000000-{send_hex}",
            "since=2026-03-10T10:00&until=2026-03-11T10:00",
        ),
    ),
    "whatsapp:send-export": _file(Action.READ, queries=("number={phone}",)),
    "whatsapp:send-detail": _page(Action.READ, "send"),
    "whatsapp:send-act": _act(
        Action.REPLY,
        bodies=(
            {"act": "again", "key": "{send}"},
            {"act": "drop", "key": "{send}", "step": "do"},
            {"act": "again", "range": "1", "number": "{channel}"},
        ),
    ),
    "whatsapp:conversation-messages": _page(
        Action.READ,
        queries=("direction=outbound&since=2026-03-01T00:00", f"before={_AT}-1"),
    ),
    "whatsapp:conversation-first-answers": _page(
        Action.READ,
        queries=("answered=no&since=2026-03-01T00:00", f"before={_AT}-{{lead_hex}}"),
    ),
    "whatsapp:conversation-unheard": _page(Action.READ),
    "whatsapp:conversation-unheard-settle": _act(
        Action.REPLY,
        bodies=(
            {"channel": "{channel}", "peer": "p:5511987654321", "verdict": "ours"},
        ),
    ),
    "whatsapp:conversation-template": _form(
        Action.REPLY, "conversation", empty=422, queries=("template={template}",)
    ),
    "whatsapp:template-list": _page(
        Action.READ, queries=("number={phone}", "q={email}&state=approved")
    ),
    "whatsapp:template-new": _form(
        Action.CONNECT,
        queries=("from={template}",),
        bodies=({"number": "{phone}", "name": "novo", "preview": "1"},),
    ),
    "whatsapp:template-sync": _act(Action.CONNECT),
    "whatsapp:template-detail": _page(Action.READ, "template"),
    "whatsapp:template-edit": _form(Action.CONNECT, "template"),
    "whatsapp:template-delete": _form(Action.CONNECT, "template"),
    "whatsapp:template-settle": _act(Action.CONNECT, "template"),
    "whatsapp:outage-detail": _page(Action.READ, "outage"),
    "whatsapp:media-file": _page(Action.READ, "file"),
    "whatsapp:media-preview": _page(Action.READ, "file"),
    "whatsapp:media-again": _act(Action.REPLY, empty=404, bodies=({"key": "{file}"},)),
    "whatsapp:outage-people": _file(Action.READ, "outage"),
    # Our numbers.
    "integrations:channel-list": _page(Action.READ),
    "integrations:connect-provider": _page(Action.CONNECT),
    "integrations:connect-credentials": Address(
        who=Who.MEMBER,
        action=Action.CONNECT,
        answers={**_READ, "POST": 422},
        path={"workspace_slug": "slug", "provider": "waha"},
        bodies=({"name": "Outro", "phone_number": "+5511900000000"},),
    ),
    "integrations:connect-return": Address(
        who=Who.MEMBER,
        action=Action.CONNECT,
        answers={"GET": 410, "HEAD": 410},  # nobody waits for it
        path={"workspace_slug": "slug", "provider": "dialog360"},
        queries=("state=x&client=A&channels=[b]",),
    ),
    "integrations:session-detail": _form(
        Action.CONNECT,
        "phone",
        empty=302,
        queries=("show=code", "ask=disconnect", "fresh=1"),
        parts=("seen=x",),
        bodies=({"act": "disconnect", "sure": "1"}, {"act": "again"}),
    ),
    "integrations:channel-webhook": _form(
        Action.CONNECT,
        "phone",
        empty=302,
        bodies=({"act": "set"}, {"act": "secret"}, {"act": "renew"}),
    ),
    "webhooks:channel-proof": _page(
        Action.CONNECT, "phone", queries=("since=1",), parts=("since=1&seen=x",)
    ),
    "integrations:business-phone": _form(
        Action.REPLY,
        "phone",
        empty=302,
        queries=("code={email}", "scan=1"),
        parts=("seen={email}",),
        bodies=(
            {"intent": "link", "code": "{email}"},
            {"intent": "pair", "code": "{email}"},
            {"intent": "mishap", "mishap": "offline"},
        ),
    ),
    "integrations:alerts": _form(
        Action.READ,
        empty=302,
        parts=("shown={outage_hex}-0",),
        bodies=({"alert": "{outage_hex}-0"},),
    ),
    "integrations:channel-detail": _page(
        Action.READ, "channel", queries=(f"before={_AT}-{{outage_hex}}",)
    ),
    "integrations:channel-log": _page(
        Action.CONNECT, "channel", queries=(f"before={_AT}-{{user_pk}}",)
    ),
    "integrations:channel-check": _act(Action.CONNECT, "channel"),
    "integrations:channel-reconnect": _act(Action.CONNECT, "channel"),
    "integrations:channel-start-clean": _form(Action.CONNECT, "channel", empty=302),
    "integrations:channel-disconnect": _form(Action.CONNECT, "channel", empty=302),
    "integrations:channel-remove": _form(
        Action.CONNECT, "channel", bodies=({"number": "{phone}"},)
    ),
    "integrations:channel-name": _form(
        Action.CONNECT, "channel", empty=302, bodies=({"name": "Outro"},)
    ),
    "integrations:channel-receipts": _form(
        Action.CONNECT, "channel", empty=302, bodies=({"marks_read": "on"},)
    ),
    "integrations:channel-credentials": _form(
        Action.CONNECT, "channel", bodies=({"version": "1"},)
    ),
    # Tickets and clients.
    "tickets:ticket-list": _page(Action.READ, queries=_TICKET_FILTERS),
    "tickets:ticket-export": _file(Action.READ, queries=_TICKET_FILTERS),
    "tickets:ticket-filters": _form(
        Action.READ, empty=400, queries=_SAVED, bodies=_SAVED_ACTS
    ),
    "tickets:ticket-new": _form(
        Action.EDIT_TICKETS,
        empty=422,
        queries=("conversation={conversation}", "client={client}"),
        bodies=(
            _TICKET | {"conversation": "{conversation}"},
            _TICKET | {"client": "{client}", "find": "1", "who": "{email}"},
            _TICKET | {"assignee": "{user_pk}"},
        ),
    ),
    "tickets:ticket-bulk": _act(
        Action.EDIT_TICKETS,
        bodies=(
            {"ticket": "{ticket}", "status": "closed", "step": "do"},
            {"ticket": "{ticket}", "priority": "high"},
        ),
    ),
    "tickets:ticket-detail": _form(
        Action.READ,
        "ticket",
        empty=400,
        queries=(f"earlier={_AT}-{{ticket_hex}}", "from=client={client}"),
        bodies=(
            {"act": "change", "status": "closed"},
            {"act": "change", "assignee": "{user_pk}"},
            {"act": "comment", "text": "x", "audience": "team", "key": _DRAFT},
            {"act": "link"},
            {"act": "withdraw", "sure": "1"},
        ),
    ),
    "tickets:ticket-edit": _form(
        Action.EDIT_TICKETS,
        "ticket",
        empty=422,
        bodies=(
            _TICKET | {"client": "{client}"},
            _TICKET | {"assignee": "{user_pk}"},
        ),
    ),
    "tickets:notification-list": _page(Action.READ, queries=_NOTIFICATION_FILTERS),
    "tickets:notification-export": _file(Action.READ, queries=_NOTIFICATION_FILTERS),
    "tickets:notification-rules": _form(
        Action.READ,
        empty=400,
        bodies=({"act": "off", "rule": "{notice}"}, {"act": "defaults"}),
    ),
    "tickets:notification-rule-new": _form(
        Action.MANAGE_WORKSPACE,
        empty=422,
        bodies=(
            _RULE | {"template": "{template}"},
            _RULE | {"channel": "{channel}", "act": "look"},
            _RULE | {"act": "try", "number": "{phone}", "key": _DRAFT},
        ),
    ),
    "tickets:notification-rule-edit": _form(
        Action.MANAGE_WORKSPACE,
        "notice",
        empty=422,
        bodies=(_RULE | {"act": "look"}, {"act": "remove"}),
    ),
    "tickets:notification-settings": _form(
        Action.MANAGE_WORKSPACE,
        empty=422,
        bodies=({**_WAYS, "channel": "{channel}"},),
    ),
    "tickets:client-list": _page(
        Action.READ, queries=("q={email}", f"before={_AT}-{{client_hex}}")
    ),
    "tickets:client-export": _file(Action.READ, queries=("q={email}",)),
    "tickets:client-new": _form(
        Action.EDIT_TICKETS, empty=422, bodies=({"name": "Outra", "key": "{client}"},)
    ),
    "tickets:client-detail": _page(Action.READ, "client"),
    "tickets:client-edit": _form(
        Action.EDIT_TICKETS,
        "client",
        empty=422,
        bodies=({"name": "Outra", "phone": "+5511987654321"},),
    ),
    "tickets:client-link": _act(
        Action.EDIT_TICKETS, "client", bodies=({"lead": "{lead}"},)
    ),
    # Events between systems.
    "events:event-list": _page(Action.MANAGE_WORKSPACE),
    "events:event-source-new": _form(
        Action.MANAGE_WORKSPACE, empty=422, bodies=({"name": "Outro"},)
    ),
    "events:event-source": _page(
        Action.MANAGE_WORKSPACE, "source", queries=(f"before={_AT}-{{source_hex}}",)
    ),
    "events:event-source-rotate": _form(
        Action.MANAGE_WORKSPACE, "source", empty=422, bodies=({"overlap": "3600"},)
    ),
    "events:event-source-delete": _form(
        Action.MANAGE_WORKSPACE, "source", empty=422, bodies=({"name": "Outro"},)
    ),
    "events:subscription-new": _form(
        Action.MANAGE_WORKSPACE, empty=422, bodies=(_SUBSCRIPTION,)
    ),
    "events:subscription-detail": _page(
        Action.MANAGE_WORKSPACE,
        "subscription",
        queries=(f"before={_AT}-{{delivery_hex}}", "state=failed&kind=ticket.created"),
    ),
    "events:subscription-edit": _form(
        Action.MANAGE_WORKSPACE, "subscription", empty=422, bodies=(_SUBSCRIPTION,)
    ),
    "events:subscription-rotate": _form(
        Action.MANAGE_WORKSPACE, "subscription", empty=422, bodies=({"overlap": "0"},)
    ),
    "events:subscription-delete": _form(
        Action.MANAGE_WORKSPACE, "subscription", empty=422, bodies=({"name": "Outro"},)
    ),
    "events:subscription-state": _act(
        Action.MANAGE_WORKSPACE, "subscription", bodies=({"act": "off"},)
    ),
    "events:subscription-test": _act(Action.MANAGE_WORKSPACE, "subscription"),
    "events:subscription-again": _act(
        Action.MANAGE_WORKSPACE,
        "subscription",
        bodies=(
            {"delivery": "{delivery}"},
            {"delivery": "{delivery}", "stay": "1"},
            {"failed_since": "2026-03-01"},
        ),
    ),
    "events:subscription-export": _file(
        Action.MANAGE_WORKSPACE, "subscription", queries=("state=failed",)
    ),
    "events:delivery-detail": _page(
        Action.MANAGE_WORKSPACE, "delivery", parts=("x=1",)
    ),
    # Whoever signs: without a signature, and with two sources in the database, nobody.
    "ticket-events:incoming": _open({"POST": 400}),
    "ticket-events:incoming-of": _open({"POST": 404}, key="nenhuma"),
    # Whoever holds the signed link of a ticket.
    "tickets-public:ticket": _open({**_NOT_THERE, "POST": 404}, token="inexistente"),
    # Raw webhooks.
    "webhooks:home": _page(
        Action.READ, queries=("period=today", "from=2026-03-01&to=2026-03-31")
    ),
    "webhooks:home-export": _file(
        Action.READ, queries=("from=2026-03-01&to=2026-03-31",)
    ),
    "webhooks:webhook-list": _page(
        Action.READ,
        queries=_RAW_FILTERS,
        parts=("after={webhook_pk}", "replayed=1-{webhook_pk}"),
    ),
    "webhooks:webhook-replay": _act(
        Action.OPERATE_INBOX,
        bodies=(
            {"row": "{webhook}"},
            {"row": "{webhook}", "step": "do"},
            {"range": "1", "integration": "{integration}", "step": "do"},
        ),
    ),
    "webhooks:webhook-detail": _page(
        Action.READ, "webhook", queries=("from=channel={phone}",)
    ),
    "webhooks:webhook-content": _act(Action.OPERATE_INBOX, "webhook", empty=200),
    "webhooks:webhook-raw": _act(Action.OPERATE_INBOX, "webhook", empty=200),
    "webhooks:webhook-park": _act(
        Action.OPERATE_INBOX, "webhook", empty=200, bodies=({"reason": "x"},)
    ),
    # The installation's sign-ins: they belong to no workspace.
    "accounts:platform-sign-ins": Address(who=Who.STAFF, answers=_READ, is_of_all=True),
    "accounts:platform-sign-ins-csv": Address(
        who=Who.STAFF, answers={"GET": 200}, is_of_all=True
    ),
    # Requests of no workspace. Those of one are not among them, whoever asks.
    "platform:webhook-list": Address(
        who=Who.STAFF,
        answers=_READ,
        queries=_RAW_FILTERS,
        parts=("after={webhook_pk}", "replayed=1-{webhook_pk}"),
    ),
    "platform:webhook-replay": Address(
        who=Who.STAFF,
        answers={"POST": 302},
        bodies=({"row": "{webhook}"}, {"row": "{webhook}", "step": "do"}),
    ),
    "platform:webhook-detail": Address(
        who=Who.STAFF, answers=_NOT_THERE, path={"key": "webhook"}
    ),
} | {
    f"platform:webhook-{act}": Address(
        who=Who.STAFF, answers={"POST": 404}, path={"key": "webhook"}
    )
    for act in ("content", "raw", "park")
}
