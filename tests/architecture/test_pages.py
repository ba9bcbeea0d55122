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
from django.utils import timezone

from accounts import audit
from accounts.models import Membership, SignInEvent, SignInRule
from accounts.permissions import may
from tests import walls
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import webhooks as make_room_4
from tests.factories import whatsapp as make

LINK_PAGES = (
    "link-detail",
    "link-edit",
    "link-state",
    "link-clicks",
    "link-conversations",
    "link-qr",
    "link-qr-png",
)
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script> \u202emoc'


@pytest.fixture
def furnished(world):
    """A row of every kind that pages show, with names that attack them."""
    channel = make_room_1.channel(world.workspace, display_name=HOSTILE[:100])
    make_room_1.channel(world.workspace, display_name="Suporte")
    lead = make.lead(world.workspace, name=(HOSTILE + "W" * 200)[:200])
    make.identity(lead)
    make.identity(lead, kind="username", value=HOSTILE)
    link = make.link(channel, slug="vitrine")
    touch = make.touch(
        lead,
        link=link,
        headline=HOSTILE,
        source_url="javascript:alert(1)",
        referrer=HOSTILE,
        user_agent=HOSTILE,
        utm_source=HOSTILE,
    )
    make.attribution(
        lead, touch=touch, reason=HOSTILE, actor=world.owner, evidence=[HOSTILE]
    )
    conversation = make.conversation(lead, channel, preview=HOSTILE)
    message = make.message(
        conversation,
        text=HOSTILE + "x" * 5000,
        content={"type": HOSTILE},
        kind="unsupported",
        external_id="m1",
    )
    make.media(message, filename=HOSTILE, mime_told=HOSTILE)
    make.message(conversation, text=HOSTILE, target_id="m1")
    make.message(conversation, kind="reaction", text=HOSTILE, target_id="m1")
    make.note(lead, author=world.agent, text=HOSTILE)
    webhook = make_room_4.raw_webhook(
        world.workspace, state="parked", error=HOSTILE, headers={"x": HOSTILE}
    )
    SignInRule.objects.create(
        workspace=world.workspace, claim=HOSTILE, value=HOSTILE, role="agent"
    )
    SignInEvent.objects.create(
        reference="2345678923",
        at=timezone.now(),
        outcome=HOSTILE[:40],
        user=world.agent,
    )
    phone = make_room_1.sandbox_number(world.workspace, display_name=HOSTILE[:100])
    talk = make.conversation(lead, phone, preview=HOSTILE)
    make.message(talk, text=HOSTILE, external_id=HOSTILE)
    token = make_room_0.api_token(
        world.workspace, name=HOSTILE[:80], created_by=world.owner
    )
    member = Membership.objects.for_workspace(world.workspace).get(user=world.agent)
    world.agent.name = HOSTILE
    world.agent.save()
    invited = make_room_0.invitation(world.workspace, invited_by=world.agent)
    audit.record(
        workspace=world.workspace,
        action="member.removed",
        actor=world.agent,
        target=HOSTILE,
        details={HOSTILE: HOSTILE, "email": HOSTILE},
    )
    return {
        "token-revoke": token,
        "settings-member": member,
        "settings-member-remove": member,
        "settings-member-invitation-revoke": invited,
        "sandbox-phone": phone,
        "conversation-detail": conversation,
        "lead-detail": lead,
        "lead-edit": lead,
        "lead-origin": lead,
        "lead-notes": lead,
        "webhook-detail": webhook,
    } | dict.fromkeys(LINK_PAGES, link)


# Addresses that only take a POST; their own tests look at them.
ACTS = {
    "webhook-content",
    "webhook-raw",
    "webhook-park",
    "webhook-replay",
    "settings-audit-verify",
    "settings-member-invitation-renew",
    "settings-sign-in-rule-delete",
}
# Addresses that give a file.
FILES = {
    "link-qr",
    "link-qr-png",
    "lead-export",
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
        found.append((pattern.name, address.replace("<uuid:key>", "{key}")))


WORKSPACE_PAGES = _workspace_patterns()


def _address(name, address, furnished, *, slug="padaria"):
    row = furnished.get(name)
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
    if name not in furnished:
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
        if tag == "style" or (tag == "script" and "src" not in attributes):
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
    assert len(outline.ids) == len(set(outline.ids))
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
