"""What holds for every page: who may see it, its frame, its safety, its cost."""

import re
from html.parser import HTMLParser

import pytest
from django.conf import settings
from django.db import connection
from django.template import engines
from django.test import Client
from django.test.signals import template_rendered
from django.urls import URLPattern, URLResolver, get_resolver, resolve

from accounts.permissions import may
from tests import walls
from tests.architecture.furniture import furnish

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script> \u202emoc'
# Whose key stands in the address.
KEYED = {
    "token-revoke": "token",
    "settings-member": "member",
    "settings-member-remove": "member",
    "settings-member-invitation-revoke": "invited",
    "sandbox-phone": "phone",
    "session-detail": "phone",
    "channel-proof": "phone",
    "business-phone": "phone",
    "outage-detail": "outage",
    "outage-people": "outage",
    "media-file": "file",
    "media-preview": "file",
    "send-detail": "send",
    "template-detail": "template",
    "template-edit": "template",
    "template-delete": "template",
    "conversation-template": "conversation",
    **dict.fromkeys(
        (
            "channel-detail",
            "channel-log",
            "channel-start-clean",
            "channel-disconnect",
            "channel-remove",
            "channel-name",
            "channel-credentials",
            "channel-hours",
            "channel-receipts",
            "channel-webhook",
        ),
        "channel",
    ),
    "conversation-detail": "conversation",
    "lead-detail": "lead",
    "lead-edit": "lead",
    "lead-origin": "lead",
    "lead-notes": "lead",
    "lead-silence": "lead",
    "lead-merge": "lead",
    "lead-merge-undo": "merge",
    "ticket-detail": "ticket",
    "ticket-edit": "ticket",
    "notification-rule-edit": "notice",
    "client-detail": "client",
    "client-edit": "client",
    **dict.fromkeys(
        ("event-source", "event-source-rotate", "event-source-delete"), "source"
    ),
    **dict.fromkeys(
        (
            "subscription-detail",
            "subscription-edit",
            "subscription-rotate",
            "subscription-delete",
            "subscription-export",
        ),
        "subscription",
    ),
    "delivery-detail": "delivery",
    "webhook-detail": "webhook",
    "message-links": "channel",
    "message-link-new": "channel",
    "link-detail": "link",
    "link-edit": "link",
    "link-state": "link",
    "link-clicks": "link",
    "link-conversations": "link",
    "link-won": "link",
    "link-funnel": "link",
    "link-check": "link",
    "link-test-new": "link",
    "link-test": "walk",
    "link-qr": "link",
    "link-qr-png": "link",
}


@pytest.fixture
def furnished(world):
    """A row of every kind that pages show, with names that attack them."""
    return furnish(
        world.workspace,
        world.owner,
        world.agent,
        words=HOSTILE,
        slug="vitrine",
        reference="2345678923",
    )


# Addresses that only take a POST, or a state of ours; their own tests look at them.
ACTS = {
    "lead-apart",
    "channel-check",
    "message-link-delete",
    "message-link-qr",
    "conversation-unheard-settle",
    "media-again",
    "send-act",
    "template-sync",
    "template-settle",
    "conversation-reply",
    "conversation-settle",
    "channel-reconnect",
    "webhook-content",
    "webhook-raw",
    "webhook-park",
    "webhook-replay",
    "link-check-now",
    "settings-audit-verify",
    "settings-member-invitation-renew",
    "settings-sign-in-rule-delete",
    "connect-return",
    "ticket-bulk",
    "client-link",
    "subscription-state",
    "subscription-test",
    "subscription-again",
}
# Addresses that give a file.
FILES = {
    "home-export",
    "send-export",
    "media-file",
    "media-preview",
    "outage-people",
    "link-qr",
    "link-qr-png",
    "lead-export",
    "ticket-export",
    "notification-export",
    "client-export",
    "subscription-export",
    "link-export",
    "link-funnel",
    "lead-report-export",
    "settings-audit-csv",
    "settings-audit-jsonl",
}


def _workspace_patterns():
    """Every page under `w/<workspace_slug>/`, as (name, address with a key in it)."""
    found: list[tuple[str | None, str]] = []
    for pattern in get_resolver().url_patterns:
        _collect(pattern, "", found)
    return found


def _collect(pattern, prefix, found):
    route = prefix + str(pattern.pattern)
    if isinstance(pattern, URLResolver):
        for inner in pattern.url_patterns:
            _collect(inner, route, found)
    elif pattern.name in ACTS:
        return
    elif isinstance(pattern, URLPattern) and "workspace_slug" in route:
        address = "/" + route.replace("<slug:workspace_slug>", "{slug}")
        address = address.replace("<slug:provider>", "waha")
        found.append((pattern.name, address.replace("<uuid:key>", "{key}")))


WORKSPACE_PAGES = _workspace_patterns()


def _address(name, address, furnished, *, slug="padaria"):
    row = getattr(furnished, KEYED.get(name, ""), None)
    return address.format(slug=slug, key=row.key if row else "")


def test_the_walk_over_addresses_finds_pages():
    names = {name for name, _ in WORKSPACE_PAGES}

    assert {"home", "conversation-detail", "ticket-list", "channel-list"} <= names


@pytest.mark.parametrize(("name", "address"), WORKSPACE_PAGES)
def test_members_see_a_page_outsiders_a_404_and_others_the_sign_in(
    world, furnished, signed_in, name, address
):
    url = _address(name, address, furnished)

    assert signed_in(world.owner).get(url).status_code == 200
    allowed = may("agent", resolve(url).func.__dict__["required_action"])
    assert signed_in(world.agent).get(url).status_code == (200 if allowed else 403)
    assert signed_in(world.outsider).get(url).status_code == 404
    anonymous = Client().get(url)
    assert anonymous.status_code == 302
    assert anonymous.headers["Location"].startswith("/account/login/?next=")


@pytest.mark.parametrize(("name", "address"), WORKSPACE_PAGES)
def test_rows_are_not_reached_through_another_workspace(
    world, furnished, signed_in, name, address
):
    if name not in KEYED:
        return
    url = _address(name, address, furnished, slug="oficina")

    assert signed_in(world.outsider).get(url).status_code == 404


class _Outline(HTMLParser):
    """What the checks below ask of a page."""

    def __init__(self):
        super().__init__()
        self.tags, self.ids, self.labels, self.controls = [], [], [], []
        self.inline, self.references = [], []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        if tag == "label":
            self.labels.append(attributes.get("for"))
        hidden = attributes.get("type") in ("hidden", "submit")
        if tag in ("input", "select", "textarea") and not hidden:
            self.controls.append(attributes.get("id"))
        is_data = attributes.get("type") == "application/json"  # nothing that runs
        is_script = tag == "script" and "src" not in attributes and not is_data
        if tag == "style" or is_script:
            self.inline.append(tag)
        self.inline += [
            name for name in attributes if name == "style" or name.startswith("on")
        ]
        for name in ("aria-labelledby", "aria-describedby", "popovertarget", "for"):
            self.references += (attributes.get(name) or "").split()
        for name in ("href", "src"):
            if (attributes.get(name) or "").startswith("javascript:"):
                self.inline.append(attributes[name])


def _check_frame(html):
    outline = _Outline()
    outline.feed(html)
    assert outline.tags.count("h1") == 1
    assert outline.tags.count("main") == 1
    assert "content" in outline.ids  # where the skip link leads
    assert 'class="skip-link" href="#content"' in html
    assert outline.inline == []
    assert [one for one in outline.ids if outline.ids.count(one) > 1] == []
    assert set(outline.references) <= set(outline.ids)
    assert set(outline.controls) <= set(outline.labels)
    assert "<title>" in html
    assert re.search(r"<title>\s*·", html) is None
    return outline


@pytest.mark.parametrize("language", ["pt-br", "en"])
@pytest.mark.parametrize(
    ("name", "address"),
    [one for one in WORKSPACE_PAGES if one[0] not in FILES],
)
def test_every_page_has_its_frame_and_escapes_what_people_wrote(
    world, furnished, signed_in, name, address, language
):
    world.owner.language = language
    world.owner.save()

    page = signed_in(world.owner).get(_address(name, address, furnished))

    html = page.content.decode()
    _check_frame(html)
    assert "<img src=x" not in html
    assert "<script>alert" not in html
    assert f'<html lang="{language}">' in html
    assert "'unsafe" not in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "url",
    [
        "/account/login/",
        "/account/password/reset/",
        "/account/password/reset/done/",
        "/account/signup/",
        "/account/inactive/",
    ],
)
def test_pages_before_the_sign_in_have_the_same_frame(world, url):
    _check_frame(Client().get(url).content.decode())


@pytest.mark.parametrize(
    "url",
    [
        "/account/password/change/",
        "/account/logout/",
        "/account/email/",
        "/account/sessions/",
        "/account/2fa/",
    ],
)
def test_pages_of_the_account_have_the_same_frame(world, signed_in, url):
    _check_frame(signed_in(world.agent).get(url).content.decode())


@pytest.mark.parametrize(("name", "address"), WORKSPACE_PAGES)
def test_no_query_runs_while_a_template_renders(
    world, furnished, signed_in, name, address
):
    client = signed_in(world.owner)
    rendering, late = [], []

    def begins(**_kwargs):
        rendering.append(True)

    def watch(execute, sql, params, many, context):
        if rendering and not walls.is_frame(sql):
            late.append(sql)
        return execute(sql, params, many, context)

    template_rendered.connect(begins)
    try:
        with connection.execute_wrapper(watch):
            client.get(_address(name, address, furnished))
    finally:
        template_rendered.disconnect(begins)

    assert late == []


@pytest.mark.parametrize(
    "path",
    sorted(
        str(path.relative_to(settings.BASE_DIR / "templates"))
        for path in (settings.BASE_DIR / "templates").rglob("*.html")
    ),
)
def test_every_template_compiles(path):
    engines["django"].get_template(path)


def test_a_missing_page_looks_like_ours_to_members_and_to_others(world, signed_in):
    for client in (Client(), signed_in(world.agent)):
        page = client.get("/w/nenhuma/nada")
        assert page.status_code == 404
        assert "Esta página não existe" in page.content.decode()
        _check_frame(page.content.decode())


def test_a_page_above_ones_role_says_whom_to_ask(world, rf):
    from django.core.exceptions import PermissionDenied
    from django.views.defaults import permission_denied

    page = permission_denied(rf.get("/"), PermissionDenied())

    assert page.status_code == 403
    _check_frame(page.content.decode())


def test_an_error_of_ours_still_gives_a_page(rf):
    from django.views.defaults import server_error

    page = server_error(rf.get("/"))

    assert page.status_code == 500
    assert "Algo deu errado do nosso lado" in page.content.decode()
    _check_frame(page.content.decode())


def test_an_expired_form_is_told_plainly(world):
    client = Client(enforce_csrf_checks=True)

    page = client.post("/account/login/", {"login": "a@example.com", "password": "x"})

    assert page.status_code == 403
    assert "Este formulário expirou" in page.content.decode()
