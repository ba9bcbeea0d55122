"""The daily check of links: through our own public address, and at the pages they stand on."""

import time
from datetime import timedelta

import pytest
from django.conf import settings as configured
from django.core.management import call_command
from django.utils import timezone, translation

from integrations.models import ChannelLog
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.integrations.loopback import plain, serving
from tests.walls import as_app
from tests.whatsapp import front
from whatsapp import link_findings, link_marks
from whatsapp.models import LinkCheck, Touch, TrackedLink
from whatsapp.services import landing, link_checks

HTML = "Content-Type: text/html; charset=utf-8\r\n"


@pytest.fixture
def public(transactional_db, settings):
    with front.opened(settings) as opened:
        yield opened


@pytest.fixture
def link(public, world):
    channel = make_room_1.sandbox_number(
        world.workspace, display_name="Vendas", state="connected"
    )
    return make.link(channel, slug="vitrine", prefilled_text="Oi!")


@pytest.fixture
def owner(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def checked(link, **options):
    """The link after a run, and the codes of what was found."""
    with as_app():
        link_checks.run(**options)
    link.refresh_from_db()
    return [one["code"] for one in link.findings]


def page(link, *, before="", body=None, **options):
    """What a page answers that has the link in it."""
    text = body or f'<a href="{link_url(link)}">WhatsApp</a>'.encode()
    return plain(before.encode() + text, **{"headers": HTML} | options)


def link_url(link):
    return f"{configured.PUBLIC_URL}/r/{link.slug}"


def standing_at(link, settings, server, path="/loja"):
    settings.EGRESS_ALLOWED_HOSTS = [*settings.EGRESS_ALLOWED_HOSTS, server.host]
    link.landing_url = server.url(path)
    link.save()


# --- our own address ----------------------------------------------------------------
def test_a_link_that_works_is_in_order_and_nobody_clicked(link, public, world):
    assert checked(link) == []

    assert link.check_state == "good"
    assert link.checked_at is not None
    assert link.next_check_at > timezone.now() + timedelta(hours=23)
    assert not Touch.objects.for_workspace(world.workspace).exists()
    assert len(public.server.requests) == 1
    assert link_marks.HEADER.encode() in public.server.requests[0]


def test_a_link_is_checked_once_a_day_and_again_when_it_changes(link, public):
    checked(link)
    checked(link)
    assert len(public.server.requests) == 1

    TrackedLink.objects.for_workspace(link.workspace_id).update(
        next_check_at=timezone.now()
    )
    checked(link)
    checked(link, is_forced=True)

    assert len(public.server.requests) == 3


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("disconnected", "number_disconnected"),
        ("degraded", "number_unsteady"),
        ("new", "number_new"),
    ],
)
def test_the_state_of_the_number_is_told(link, state, code):
    link.channel.state = state
    link.channel.save()

    assert checked(link) == [code]


def test_a_paused_link_and_a_number_switched_off_are_told_without_asking(link, public):
    link.is_paused = True
    link.save()
    link.channel.is_active = False
    link.channel.save()

    assert checked(link) == ["paused", "number_off"]
    assert link.check_state == "broken"
    assert public.server.requests == []


REDIRECT = "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {}\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "no_redirect"),
        ("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "no_redirect"),
        (REDIRECT.format("https://login.example/"), "wrong_target"),
        (REDIRECT.format("https://wa.me/5511900009999?text=Oi"), "wrong_target"),
        ("nonsense\r\n\r\n", "unreachable"),
    ],
)
def test_whatever_stands_before_recado_is_found(link, public, answer, code):
    public.twist = lambda _: answer.encode()

    assert checked(link) == [code]
    assert link.check_state == "broken"
    [finding] = link_findings.read(link.findings)
    assert finding.sentence
    assert finding.cure


def test_a_public_address_that_recado_may_not_open_is_told_with_its_cure(
    link, settings
):
    settings.EGRESS_ALLOWED_HOSTS = []

    assert checked(link) == ["public_denied"]
    [finding] = link_findings.read(link.findings)
    assert "EGRESS_ALLOWED_HOSTS" in finding.cure


@pytest.mark.parametrize("text", ["", "?text=Oi", "?text=vm_token%3A7GK2M9XQ4X"])
def test_an_address_without_a_token_our_parser_finds_is_broken(link, public, text):
    target = f"https://wa.me/{link.channel.phone.lstrip('+')}{text}"
    public.twist = lambda _: REDIRECT.format(target).encode()

    assert checked(link) == ["token_missing"]


def test_the_log_of_exchanges_has_the_failure_and_not_the_mark(link, public, world):
    public.twist = lambda _: b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n"

    checked(link)

    [row] = ChannelLog.objects.for_workspace(world.workspace)
    assert row.operation == "check_link"
    sent = public.server.requests[0].decode().split(f"{link_marks.HEADER}: ")[1]
    assert sent.split("\r\n")[0] not in row.request


def test_a_mark_of_another_link_or_a_forged_one_is_a_visitor_like_any(
    link, client, world
):
    other = make.link(link.channel, slug="outra")
    mark = link_marks.Mark(link_marks.Purpose.CHECK, other.pk)

    for text in (link_marks.written(mark), "forged", "", "a:b:c"):
        client.get("/r/vitrine", headers={link_marks.HEADER: text})

    assert Touch.objects.for_workspace(world.workspace).count() == 4


# --- the page where it stands -------------------------------------------------------
def test_a_page_that_has_the_link_and_keeps_the_parameters_is_in_order(link, settings):
    with serving(page(link)) as server:
        standing_at(link, settings, server, "/loja?cor=azul&utm_source=insta#topo")

        assert checked(link) == []

    [asked] = server.requests
    assert b"cor=azul" in asked
    assert b"utm_source=insta" in asked
    assert b"gclid=recado-check" in asked


@pytest.mark.parametrize(
    "written",
    [
        "<a href='{url}?utm_source=x'>",
        "<script>location = '{escaped}'</script>",
        "<A HREF={upper}>",
        "<p>{url}</p><<<>>&&&",
    ],
)
def test_the_link_is_found_however_a_page_writes_it(link, written):
    url = link_url(link)
    body = written.format(url=url, escaped=url.replace("/", "\\/"), upper=url.upper())

    assert landing.contains(body, url)
    longer = body.replace("vitrine", "vitrine-2").replace("VITRINE", "VITRINE-2")
    assert not landing.contains(longer, url)


def test_parameters_lost_on_the_way_are_named(link, settings):
    def answer(connection, request):
        if b"GET /loja?" in request:
            away = "Location: /nova?utm_source=recado-check\r\n"
            plain(b"", status="301 Moved", headers=away)(connection, request)
        else:
            page(link)(connection, request)

    with serving(answer) as server:
        standing_at(link, settings, server)

        assert checked(link) == ["landing_loses"]

    [finding] = link_findings.read(link.findings)
    assert "gclid" in finding.sentence
    assert "utm_source" not in finding.sentence
    assert link.check_state == "warning"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (plain(b"<html>", headers=HTML), "landing_without_link"),
        (plain(b"\xff\xfe<<&#x;<a href=", headers=HTML), "landing_without_link"),
        (
            plain(b"%PDF", headers="Content-Type: application/pdf\r\n"),
            "landing_no_page",
        ),
        (plain(b"gone", status="404 Not Found"), "landing_status"),
        (plain(b"x" * (landing.MAX_BYTES + 1), headers=HTML), "landing_too_large"),
    ],
)
def test_a_page_that_is_not_as_it_should_be_is_told(link, settings, answer, code):
    with serving(answer) as server:
        standing_at(link, settings, server)

        assert checked(link) == [code]


def test_a_page_that_sends_in_circles_or_on_and_on_is_told(link, settings):
    def answer(connection, request):
        path = request.split(b" ")[1].decode()
        to = f"/far/{len(server.requests)}" if "/far" in path else path
        away = f"Location: {to}\r\n"
        plain(b"", status="302 Found", headers=away)(connection, request)

    with serving(answer) as server:
        standing_at(link, settings, server, "/circle")
        assert checked(link) == ["landing_loop"]
        link.landing_url = server.url("/far/0")
        link.save()
        assert checked(link, is_forced=True) == ["landing_too_far"]


@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1:1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "file:///etc/passwd",
        "https://user:word@example.com/",
        "https://host:99999999/",
        "http://[",
    ],
)
def test_a_page_that_leads_inside_is_not_followed(link, settings, target):
    away = plain(b"", status="302 Found", headers=f"Location: {target}\r\n")
    with serving(away) as server:
        standing_at(link, settings, server)

        assert checked(link) == ["landing_denied"]

    assert len(server.requests) == 1


def test_a_slow_page_delays_no_other_link(link, settings, monkeypatch):
    monkeypatch.setattr(landing, "DEADLINE", 2.0)
    others = [make.link(link.channel, slug=f"outra-{at}") for at in range(4)]

    def answer(connection, request):
        time.sleep(4)

    with serving(answer) as server:
        standing_at(link, settings, server)
        assert checked(link) == ["landing_unreachable"]

    done = TrackedLink.objects.for_workspace(link.workspace_id)
    before = link.checked_at - timedelta(seconds=1)
    early = done.exclude(slug="vitrine").filter(checked_at__lt=before)
    assert early.count() == len(others)


# --- what is kept and shown -----------------------------------------------------------
def test_the_history_grows_only_when_something_changes(link, owner):
    for state in (
        "connected",
        "connected",
        "disconnected",
        "disconnected",
        "connected",
    ):
        link.channel.state = state
        link.channel.save()
        checked(link, is_forced=True)

    kept = LinkCheck.objects.for_workspace(link.workspace_id).order_by("at")
    assert [one.state for one in kept] == ["good", "broken", "good"]
    html = owner.get(f"/w/padaria/links/{link.key}/").content.decode()
    assert html.count('class="findings__past"') == 3


def test_a_broken_link_stands_on_the_list_and_on_home_until_it_works(link, owner):
    link.channel.state = "disconnected"
    link.channel.save()
    checked(link)

    home = owner.get("/w/padaria/").content.decode()
    listed = owner.get("/w/padaria/links/?check=broken").content.decode()
    detail = owner.get(f"/w/padaria/links/{link.key}/").content.decode()
    assert "1 tracked link leads nowhere" in home
    assert "/r/vitrine" in listed
    assert "what people write through this link does not arrive" in detail

    link.channel.state = "connected"
    link.channel.save()
    checked(link, is_forced=True)
    assert "tracked link leads" not in owner.get("/w/padaria/").content.decode()
    assert (
        "/r/vitrine" not in owner.get("/w/padaria/links/?check=broken").content.decode()
    )


def test_a_check_asked_for_is_due_at_once_and_the_page_asks_until_it_is_done(
    link, owner
):
    checked(link)
    address = f"/w/padaria/links/{link.key}/check/"

    answer = owner.post(f"{address}now/")
    waiting = owner.get(address, headers={"HX-Request": "true"}).content.decode()
    owner.post(f"{address}now/")
    checked(link)
    done = owner.get(address, headers={"HX-Request": "true"}).content.decode()

    assert answer["Location"] == address
    assert "Being checked now" in waiting
    assert 'hx-trigger="every 2s"' in waiting
    assert "hx-trigger" not in done
    assert link.check_asked_at is None


def test_a_worker_that_does_not_come_is_told(link, owner):
    owner.post(f"/w/padaria/links/{link.key}/check/now/")
    TrackedLink.objects.for_workspace(link.workspace_id).update(
        check_asked_at=timezone.now() - timedelta(minutes=5)
    )

    page = owner.get(f"/w/padaria/links/{link.key}/").content.decode()

    assert "the worker has not taken this check yet" in page


def test_only_who_may_edit_links_asks_for_a_check(link, world, signed_in):
    address = f"/w/padaria/links/{link.key}/check/"
    agent = signed_in(world.agent)

    assert agent.get(address).status_code == 200
    assert agent.post(f"{address}now/").status_code == 403


def test_the_command_says_what_it_found_and_fails_on_a_broken_link(
    link, public, capsys
):
    with as_app():
        call_command("check_links", "--workspace", "padaria")
    assert "1 link checked" in capsys.readouterr().out

    public.twist = lambda _: b"HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n"
    with as_app(), pytest.raises(SystemExit):
        call_command("check_links", "--all")
    assert "1 broken" in capsys.readouterr().out


def test_every_code_has_words_in_both_languages():
    for language in ("en", "pt-br"):
        with translation.override(language):
            for code in link_findings.CODES:
                values = dict.fromkeys(
                    ("code", "status", "target", "url", "most", "size"), "x"
                ) | {"kind": "x", "names": "x"}
                [one] = link_findings.read([link_findings.told(code, **values)])
                assert one.sentence
                assert one.cure
                assert "%(" not in one.sentence
