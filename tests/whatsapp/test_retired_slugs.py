"""An address that a link gave up stays its own: what is printed goes on leading there."""

import threading
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.utils import timezone

from accounts.scoping import workspace_transaction
from tests.factories import integrations as make
from tests.threads import PATIENCE, eventually, is_waited_for, together
from tests.walls import as_app
from whatsapp.models import RetiredSlug, Touch, TrackedLink
from whatsapp.selectors import links as links_selector
from whatsapp.services import links

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile"


@pytest.fixture
def link(world):
    channel = make.channel(world.workspace, phone="+5511987654321")
    return add(world.workspace, channel, "promo-verao")


@pytest.fixture
def elsewhere(world):
    """A number of another workspace."""
    return make.channel(world.other_workspace, phone="+5521999990000")


def add(workspace, channel, slug):
    return links.add_tracked_link(
        workspace=workspace, channel=channel, slug=slug, now=NOW
    )


def rename(link, slug, *, now=NOW):
    return links.change_tracked_link(
        link, channel=link.channel, slug=slug, prefilled_text="", utm={}, now=now
    )


def retired(world):
    rows = RetiredSlug.objects.for_workspace(world.workspace)
    return set(rows.values_list("slug", flat=True))


def test_another_workspace_cannot_take_an_address_that_was_given_up(
    link, world, elsewhere
):
    rename(link, "promo-inverno")
    other = add(world.other_workspace, elsewhere, "outra")

    with pytest.raises(links.LinkInvalid) as added:
        add(world.other_workspace, elsewhere, "promo-verao")
    with pytest.raises(links.LinkInvalid) as changed:
        rename(other, "promo-verao")

    assert added.value.problems == changed.value.problems == {"slug": "is taken"}
    other.refresh_from_db()
    assert other.slug == "outra"
    theirs = TrackedLink.objects.for_workspace(world.other_workspace)
    assert [one.slug for one in theirs] == ["outra"]


def test_nor_can_another_link_of_its_own_workspace(link, world):
    rename(link, "promo-inverno")

    with pytest.raises(links.LinkInvalid):
        add(world.workspace, link.channel, "promo-verao")


def test_the_old_address_goes_on_leading_there_with_token_and_utm(client, link, world):
    rename(rename(link, "promo-inverno"), "promo")

    for slug in ("promo-verao", "Promo-Inverno", "promo"):
        response = client.get(
            f"/r/{slug}?utm_source=flyer", headers={"User-Agent": CHROME}
        )

        target = urlsplit(response["Location"])
        touch = Touch.objects.for_workspace(world.workspace).latest("pk")
        assert (target.netloc, target.path) == ("wa.me", "/5511987654321")
        assert parse_qs(target.query)["text"] == [f"vm_token:{touch.token}"]
        assert (touch.link, touch.utm_source) == (link, "flyer")


def test_a_link_takes_its_own_old_address_back(client, link, world):
    rename(rename(link, "promo-inverno"), "promo-verao")

    assert retired(world) == {"promo-inverno"}
    assert client.get("/r/promo-verao").status_code == 302
    assert client.get("/r/promo-inverno").status_code == 302


def test_a_change_that_keeps_the_address_retires_nothing(link, world):
    links.change_tracked_link(
        link,
        channel=link.channel,
        slug=link.slug,
        prefilled_text="Oi",
        utm={},
        now=NOW,
    )

    assert retired(world) == set()


def test_the_page_of_a_link_lists_its_old_addresses(signed_in, world, link):
    url, old = f"/w/padaria/links/{link.key}/", "http://127.0.0.1:8000/r/promo-verao"
    renamed = rename(link, "promo-inverno")
    page = signed_in(world.agent).get(url).content.decode()
    rename(renamed, "promo-verao")
    after = signed_in(world.agent).get(url).content.decode()

    assert f"<code>{old}</code></dt>" in page
    assert "21/11/2026" in page
    assert f"<code>{old}</code></dt>" not in after


def test_an_address_in_use_costs_no_look_for_old_ones(link, world):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT prosrc FROM pg_proc WHERE proname = 'whatsapp_link_of_slug'"
        )
        (body,) = cursor.fetchone()
        cursor.execute(
            "EXPLAIN (ANALYZE, COSTS OFF) " + body.replace("address", "%s"),
            ["promo-verao"] * 2,
        )
        plan = [row for (row,) in cursor.fetchall()]

    [old] = [row for row in plan if "whatsapp_retiredslug" in row]
    assert "(never executed)" in old


@pytest.mark.django_db(transaction=True)
def test_whoever_takes_an_address_while_it_is_given_up_is_refused(
    link, world, elsewhere
):
    given_up = threading.Event()

    def give_up():
        with as_app(), workspace_transaction(world.workspace.pk):
            rename(link, "promo-inverno", now=timezone.now())
            given_up.set()
            eventually(is_waited_for)

    def take():
        given_up.wait(PATIENCE)
        with as_app(), workspace_transaction(world.other_workspace.pk):
            try:
                add(world.other_workspace, elsewhere, "promo-verao")
            except links.LinkInvalid as error:
                return error.problems
        return None

    [_, problems] = together(give_up, take)

    assert problems == {"slug": "is taken"}
    address = links_selector.find_address("promo-verao")
    assert address is not None
    assert address.link_id == link.pk
