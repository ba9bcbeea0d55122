import json
import re
import uuid
from datetime import UTC, datetime
from ipaddress import ip_network
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from accounts import limits
from tests.commands import run
from tests.factories import integrations as make
from whatsapp import tokens
from whatsapp.models import Touch, TrackedLink
from whatsapp.services import links

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile"
PEOPLE = [
    CHROME,
    "",
    "Mozilla/5.0 (iPhone) Mobile/15E148 [FBAN/FBIOS;FBAV/440.0]",
    "Mozilla/5.0 (iPhone) Mobile/15E148 Instagram 300.0 (iPhone14,2)",
    "Mozilla/5.0 (Linux; Android 10; CUBOT) AppleWebKit/537.36 Chrome/90",
    "Mozilla/5.0 (Linux; Android 10; CUBOT X30) AppleWebKit/537.36 Chrome/90",
]
MACHINES = [
    "WhatsApp/2.23.20.0 A",
    "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
    "meta-externalagent/1.1",
    "Twitterbot/1.0",
    "TelegramBot (like TwitterBot)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "Slack-ImgProxy (+https://api.slack.com/robots)",
    "LinkedInBot/1.0 (compatible; Mozilla/5.0)",
    "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "AdsBot-Google (+http://www.google.com/adsbot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
    "Mozilla/5.0 Applebot/0.1",
    "Pinterest/0.2 (+https://www.pinterest.com/bot.html)",
    "Mozilla/5.0 SkypeUriPreview Preview/0.5",
    "Mozilla/5.0 (X11) HeadlessChrome/130.0",
    "Bytespider; spider-feedback@example.com",
    "Mediapartners-Google",
    "APIs-Google (+https://developers.google.com/webmasters/APIs-Google.html)",
    "FeedFetcher-Google; (+http://www.google.com/feedfetcher.html)",
    "Mozilla/5.0 (compatible; Google-Read-Aloud)",
    "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0)",
    "curl/8.5.0",
    "Wget/1.21",
    "python-requests/2.31",
    "Go-http-client/2.0",
    "okhttp/4.9",
    "axios/1.6",
    "node-fetch",
    "Java/17",
]


@pytest.fixture
def channel(world):
    return make.channel(world.workspace, phone="+5511987654321")


@pytest.fixture
def link(world, channel):
    return links.add_tracked_link(
        workspace=world.workspace,
        channel=channel,
        slug="instagram-bio",
        now=NOW,
        prefilled_text="Olá! Vim pelo Instagram & cia",
        utm={"utm_source": "instagram", "utm_medium": "bio"},
    )


def touches(world):
    return Touch.objects.for_workspace(world.workspace)


def click(link, *, ip=None):
    return links.record_click(
        link, query={}, referrer="", user_agent="", ip=ip, now=NOW
    )


# --- following a link ---------------------------------------------------------
def test_a_click_goes_on_to_whatsapp_with_a_token_in_the_text(client, link, world):
    response = client.get("/r/instagram-bio", headers={"User-Agent": CHROME})

    target = urlsplit(response["Location"])
    (text,) = parse_qs(target.query)["text"]
    touch = touches(world).get()
    assert response.status_code == 302
    assert (target.netloc, target.path) == ("wa.me", "/5511987654321")
    assert text == f"Olá! Vim pelo Instagram & cia\nvm_token:{touch.token}"
    assert tokens.is_intact(touch.token)
    assert touch.token in tokens.find(text).marked
    assert response["Cache-Control"] == "no-store"


def test_a_click_is_kept_with_what_the_visitor_brought_over_the_defaults(
    client, link, world
):
    query = "utm_source=story&utm_campaign=natal&gclid=g-1&fbclid=f-1&utm_medium="
    client.get(
        f"/r/instagram-bio?{query}",
        headers={"User-Agent": CHROME, "Referer": "https://l.instagram.com/"},
        REMOTE_ADDR="203.0.113.7",
    )

    touch = touches(world).get()
    assert (touch.kind, touch.link, touch.channel) == ("link", link, link.channel)
    assert (touch.utm_source, touch.utm_medium) == ("story", "bio")
    assert (touch.utm_campaign, touch.gclid, touch.fbclid) == ("natal", "g-1", "f-1")
    assert (touch.referrer, touch.user_agent) == ("https://l.instagram.com/", CHROME)
    assert len(touch.ip_hash) == 32
    assert b"203.0.113.7" not in bytes(touch.ip_hash)
    assert touch.lead is None


def test_every_click_has_its_own_token(client, link, world):
    for _ in range(3):
        client.get("/r/Instagram-Bio")

    assert touches(world).values("token").distinct().count() == 3


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_people_in_any_browser_get_a_token(client, link, world, user_agent):
    client.get("/r/instagram-bio", headers={"User-Agent": user_agent})

    assert touches(world).count() == 1


@pytest.mark.parametrize("user_agent", MACHINES)
def test_previews_and_robots_get_the_redirect_without_a_token(
    client, link, world, user_agent
):
    response = client.get("/r/instagram-bio", headers={"User-Agent": user_agent})

    assert response.status_code == 302
    assert response["Location"].startswith("https://wa.me/5511987654321?text=Ol%C3%A1")
    assert "vm_token" not in response["Location"]
    assert not touches(world).exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Purpose", "prefetch"),
        ("Sec-Purpose", "prefetch;prerender"),
        ("X-Purpose", "preview"),
        ("X-Moz", "prefetch"),
    ],
)
def test_a_page_loaded_ahead_of_time_mints_nothing(client, link, world, name, value):
    response = client.get(
        "/r/instagram-bio", headers={"User-Agent": CHROME, name: value}
    )

    assert response.status_code == 302
    assert not touches(world).exists()


@pytest.mark.parametrize(
    ("told", "count"),
    [("document", 1), ("image", 0), ("iframe", 0), ("empty", 0), ("script", 0)],
)
def test_only_an_address_that_is_opened_mints_a_token(client, link, world, told, count):
    client.get(
        "/r/instagram-bio", headers={"User-Agent": CHROME, "Sec-Fetch-Dest": told}
    )

    assert touches(world).count() == count


def test_head_mints_nothing_and_post_is_not_for_here(client, link, world):
    assert client.head("/r/instagram-bio").status_code == 302
    assert client.post("/r/instagram-bio").status_code == 405
    assert not touches(world).exists()


def test_hostile_values_are_cut_to_size_and_kept(client, link, world):
    hostile = "a%00b" + "%F0%9F%98%80" * 3000 + "%ff%ed%a0%80"
    response = client.get(
        f"/r/instagram-bio?utm_source={hostile}&gclid={hostile}&fbclid={hostile}",
        headers={"User-Agent": "x\x00" + "u" * 9000, "Referer": "r" * 9000},
        REMOTE_ADDR="not an address",
    )

    touch = touches(world).get()
    assert response.status_code == 302
    assert touch.utm_source == "ab" + "😀" * 198
    assert (len(touch.gclid), len(touch.fbclid)) == (255, 512)
    assert len(touch.referrer) == len(touch.user_agent) == links.LONGEST_TEXT
    assert touch.ip_hash is None


def test_a_token_that_is_taken_is_drawn_again(link, world, monkeypatch):
    drawn = iter(["0" * 9 + "0", "0" * 9 + "0", "1" * 10])
    monkeypatch.setattr(tokens, "new_token", lambda: next(drawn))

    first = click(link)
    second = click(link)

    assert (first, second) == ("0" * 10, "1" * 10)


def test_one_address_has_one_hash_in_a_workspace_and_another_elsewhere(world, link):
    other = make.channel(world.other_workspace, phone="+5511911112222")
    elsewhere = links.add_tracked_link(
        workspace=world.other_workspace, channel=other, slug="bio", now=NOW
    )
    for clicked in (link, link, elsewhere):
        click(clicked, ip="2001:db8::1")

    here = {bytes(touch.ip_hash) for touch in touches(world)}
    there = Touch.objects.for_workspace(world.other_workspace).get().ip_hash
    assert len(here) == 1
    assert there is not None
    assert bytes(there) not in here


def test_an_unknown_link_says_so_kindly(client, db):
    response = client.get("/r/nothing", headers={"Accept-Language": "en"})

    assert response.status_code == 404
    assert "There is no such link" in response.content.decode()
    assert response["Cache-Control"] == "no-store"


def test_the_page_speaks_the_visitors_language(client, db):
    for told, spoken in (("en", "en"), ("pt-BR,pt;q=0.9", "pt-br")):
        page = client.get("/r/nothing", headers={"Accept-Language": told})

        assert f'lang="{spoken}"' in page.content.decode()


def test_a_paused_link_and_a_number_no_longer_ours_are_gone(client, link, world):
    TrackedLink.objects.for_workspace(world.workspace).update(is_paused=True)
    paused = client.get("/r/instagram-bio", headers={"Accept-Language": "en"})
    TrackedLink.objects.for_workspace(world.workspace).update(is_paused=False)
    type(link.channel).objects.for_workspace(world.workspace).update(is_active=False)
    lost = client.get("/r/instagram-bio")

    assert (paused.status_code, lost.status_code) == (410, 410)
    assert "not in use" in paused.content.decode()
    assert not touches(world).exists()


@pytest.mark.parametrize("slug", ["%00", "..", "a b", "ação", "x" * 5000])
def test_a_slug_that_cannot_be_one_is_an_ordinary_404(client, link, slug):
    assert client.get(f"/r/{slug}").status_code == 404


def test_behind_our_proxy_the_address_it_noted_counts(client, link, world, settings):
    settings.TRUSTED_PROXIES = [ip_network("127.0.0.1")]
    for forwarded in ("203.0.113.7", "198.51.100.1, 203.0.113.7"):
        client.get("/r/instagram-bio", headers={"X-Forwarded-For": forwarded})

    assert len({bytes(touch.ip_hash) for touch in touches(world)}) == 1


# --- adding a link ------------------------------------------------------------
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"slug": "Não vale"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "instagram-bio"}, "slug"),
        ({"prefilled_text": "x" * 501}, "prefilled_text"),
        ({"utm": {"utm_term": "x" * 201}}, "utm_term"),
    ],
)
def test_a_link_that_cannot_be_is_refused_by_field(link, world, change, field):
    values = {
        "slug": "outro",
        "channel": link.channel,
        "workspace": world.workspace,
        "now": NOW,
    }

    with pytest.raises(links.LinkInvalid) as invalid:
        links.add_tracked_link(**(values | change))

    assert list(invalid.value.problems) == [field]


def test_a_link_needs_a_number_of_its_own_workspace(link, world):
    with pytest.raises(links.LinkInvalid):
        links.add_tracked_link(
            workspace=world.other_workspace,
            channel=link.channel,
            slug="alheio",
            now=NOW,
        )


@pytest.mark.parametrize("by", ["phone", "national", "carrier", "zeros", "key"])
def test_the_command_adds_a_link_and_tells_its_address(world, channel, by):
    wanted = {
        "phone": "+55 11 98765-4321",
        "national": "(11) 98765-4321",
        "carrier": "041 11 98765-4321",
        "zeros": "0055 11 8765-4321",
        "key": str(channel.key),
    }[by]
    ran = run(
        "add_tracked_link",
        *("--workspace", "padaria", "--slug", "bio", "--channel", wanted),
        *("--text", "Oi", "--utm-source", "ig", "--json"),
    )

    link = TrackedLink.objects.for_workspace(world.workspace).get()
    assert ran.code == 0
    assert json.loads(ran.out) == {
        "link": str(link.key),
        "slug": "bio",
        "url": "http://127.0.0.1:8000/r/bio",
        "channel": str(channel.key),
    }
    assert (link.prefilled_text, link.utm_source) == ("Oi", "ig")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"--workspace": "nada"}, "workspace"),
        ({"--channel": "+5511900000000"}, "channel"),
        ({"--channel": str(uuid.uuid4())}, "channel"),
        ({"--slug": "A B"}, "slug"),
    ],
)
def test_the_command_refuses_by_field_with_code_1(world, channel, change, field):
    arguments = {
        "--workspace": "padaria",
        "--slug": "bio",
        "--channel": channel.phone,
    } | change
    flat = [part for pair in arguments.items() for part in pair]

    told = run("add_tracked_link", *flat, "--json")
    said = run("add_tracked_link", *flat)

    assert (told.code, said.code, told.out) == (1, 1, "")
    assert list(json.loads(told.err)["fields"]) == [field]
    assert said.err.startswith(f"{field}: ")


# --- the QR code --------------------------------------------------------------
def test_members_see_the_links_qr_code(signed_in, world, link):
    url = reverse("whatsapp:link-qr", args=["padaria", link.key])
    response = signed_in(world.agent).get(url)

    assert response["Content-Type"] == "image/svg+xml"
    assert re.search(rb"<svg .*<path ", response.content, re.DOTALL)


def test_outsiders_and_strangers_do_not(signed_in, client, world, link):
    url = reverse("whatsapp:link-qr", args=["padaria", link.key])
    theirs = reverse("whatsapp:link-qr", args=["oficina", link.key])

    assert signed_in(world.outsider).get(url).status_code == 404
    assert signed_in(world.outsider).get(theirs).status_code == 404
    assert client.get(url).status_code == 302


# --- too many clicks ----------------------------------------------------------
def test_above_the_limit_of_an_address_the_link_still_leads_on(
    client, link, world, settings, signed_in
):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"link_click": (3, 60)}
    limits.forget_this_process()

    answers = [
        client.get("/r/instagram-bio", headers={"User-Agent": CHROME}) for _ in range(5)
    ]
    other = client.get(
        "/r/instagram-bio", headers={"User-Agent": CHROME}, REMOTE_ADDR="203.0.113.5"
    )

    assert {answer.status_code for answer in [*answers, other]} == {302}
    with_token = ["vm_token" in answer["Location"] for answer in [*answers, other]]
    assert with_token == [True, True, True, False, False, True]
    assert touches(world).count() == 4
    link.refresh_from_db()
    assert link.clicks_over_limit == 2
    page = signed_in(world.owner).get(f"/w/padaria/links/{link.key}/")
    assert "Mais 2 cliques vieram" in page.content.decode()
    limits.forget_this_process()


def test_robots_and_previews_use_up_no_limit(client, link, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"link_click": (1, 60)}
    limits.forget_this_process()
    for machine in MACHINES:
        client.get("/r/instagram-bio", headers={"User-Agent": machine})

    person = client.get("/r/instagram-bio", headers={"User-Agent": CHROME})

    assert "vm_token" in person["Location"]
    limits.forget_this_process()
