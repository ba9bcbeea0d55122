"""A test of a link: from the click through the real gate to a lead with its origin."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from integrations.models import SimulatedPhone
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.walls import as_app
from tests.whatsapp import front
from webhooks import processing
from whatsapp.models import Lead, LinkTest, Message, Touch
from whatsapp.selectors import funnel, lead_figures, link_tests
from whatsapp.selectors.periods import read as read_period
from whatsapp.services import corrections, merging


@pytest.fixture
def public(transactional_db, settings):
    with front.opened(settings) as opened:
        yield opened


@pytest.fixture
def phone(public, world):
    return make_room_1.sandbox_number(
        world.workspace, display_name="Treino", state="connected"
    )


@pytest.fixture
def link(phone):
    return make.link(phone, slug="vitrine", prefilled_text="Oi! Vi na vitrine")


@pytest.fixture
def owner(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def rows(model, world):
    return model.objects.for_workspace(world.workspace)


def start(client, link, *, key=None):
    """Press the button; the address of the test's page."""
    form = {"key": key or uuid.uuid4()}
    return client.post(f"/w/padaria/links/{link.key}/test/", form)["Location"]


def work():
    with as_app():
        processing.drain(budget_seconds=30)


def steps_of(world):
    test = rows(LinkTest, world).select_related("link", "channel").get()
    walk = link_tests.read(test, now=test.started_at)
    return {one.name: one.state for one in walk.steps}


def test_each_step_is_shown_until_the_lead_has_its_origin(owner, world, link):
    address = start(owner, link)
    before = owner.get(address, headers={"HX-Request": "true"}).content.decode()
    work()
    after = owner.get(address, headers={"HX-Request": "true"}).content.decode()

    assert before.count("trace__step--done") == 4
    assert before.count("trace__step--waiting") == 1
    assert 'hx-trigger="every 1s"' in before
    assert "Oi! Vi na vitrine" in before
    assert after.count("trace__step--done") == 6
    assert "hx-trigger" not in after
    assert "All steps went well" in after
    lead = rows(Lead, world).get()
    assert lead.name == "Test of vitrine"
    assert (lead.attribution.rule, lead.attribution.confidence) == ("token", "certain")
    assert f"/leads/{lead.key}/" in after
    assert rows(Message, world).get().text.startswith("Oi! Vi na vitrine\nvm_token:")


def test_the_test_is_marked_and_counts_nowhere(owner, world, link):
    start(owner, link)
    work()

    touch = rows(Touch, world).get()
    assert (touch.kind, touch.link, touch.headline) == ("test", None, "vitrine")
    period = read_period({}, now=touch.occurred_at, zone=touch.occurred_at.tzinfo)
    found = funnel.read(link, period=period, workspace=world.workspace)
    assert found.total == funnel.Figures()
    since = touch.occurred_at - timedelta(hours=1)
    until = touch.occurred_at + timedelta(hours=1)
    new = lead_figures.count(world.workspace, since=since, until=until, compared=since)
    assert new.every.leads == 0
    assert "Test of vitrine" in owner.get("/w/padaria/leads/").content.decode()


def test_two_tests_are_two_people_and_one_form_sent_twice_is_one_test(
    owner, world, link
):
    key = uuid.uuid4()
    once, twice = (start(owner, link, key=key) for _ in range(2))
    start(owner, link)
    work()

    assert once == twice
    assert rows(LinkTest, world).count() == rows(Touch, world).count() == 2
    assert rows(Lead, world).count() == 2
    events = AuditEvent.objects.for_workspace(world.workspace)
    assert events.filter(action="link.tested").count() == 2


def test_a_link_of_a_real_number_is_walked_on_a_simulated_one(owner, world, phone):
    real = make_room_1.channel(world.workspace, display_name="Vendas")
    link = make.link(real, slug="bio")

    page = owner.get(f"/w/padaria/links/{link.key}/test/").content.decode()
    start(owner, link)
    work()

    assert "a simulated number of this workspace" in page
    assert set(steps_of(world).values()) == {"done"}
    assert rows(LinkTest, world).get().channel == phone


def test_without_a_simulated_number_the_page_explains(owner, world):
    link = make.link(make_room_1.channel(world.workspace), slug="bio")
    address = f"/w/padaria/links/{link.key}/test/"

    assert "needs a simulated number" in owner.get(address).content.decode()
    answer = owner.post(address, {"key": uuid.uuid4()})

    assert answer.status_code == 200
    assert not rows(LinkTest, world).exists()


def test_where_the_sandbox_is_off_no_number_of_it_is_used(owner, link, settings):
    settings.SANDBOX_ENABLED = False

    page = owner.get(f"/w/padaria/links/{link.key}/test/").content.decode()

    assert "needs a simulated number" in page


@pytest.mark.parametrize(
    ("answer", "step", "words"),
    [
        ("HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", "click", "status 502"),
        (
            "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: https://x.example/\r\n\r\n",
            "redirect",
            "leads to https://x.example/",
        ),
    ],
)
def test_a_step_that_fails_says_why_and_what_to_do(
    owner, world, link, public, answer, step, words
):
    public.twist = lambda _: answer.encode()

    page = owner.get(start(owner, link)).content.decode()

    assert steps_of(world)[step] == "failed"
    assert words in page
    assert "Whoever runs Recado" in page or "ask whoever runs it" in page
    assert "hx-trigger" not in page.partition('id="walk"')[2].partition(">")[0]


def test_a_paused_link_fails_at_the_click(owner, world, link):
    link.is_paused = True
    link.save()

    page = owner.get(start(owner, link)).content.decode()

    assert "The link is paused" in page
    assert steps_of(world)["click"] == "failed"


def test_a_token_cut_off_on_the_way_fails_at_the_text(owner, world, link, public):
    target = f"https://wa.me/{link.channel.phone.lstrip('+')}"
    told = f"HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: {target}\r\n\r\n"
    public.twist = lambda _: told.encode()

    page = owner.get(start(owner, link)).content.decode()

    assert "would open without a token" in page
    assert steps_of(world)["text"] == "failed"


def test_a_webhook_that_refuses_fails_at_the_message(owner, world, link, public):
    no = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"
    public.twist = lambda path: no if path.startswith("/webhooks/") else None

    page = owner.get(start(owner, link)).content.decode()

    assert "did not take the message (403)" in page
    assert steps_of(world)["message"] == "failed"


@pytest.mark.parametrize(
    ("changes", "words", "place"),
    [
        ({"linked_phone": ""}, "Connect the number again", "integrations/whatsapp/{}/"),
        ({"mishap": "offline"}, "has no internet", "sandbox/{}/business/"),
    ],
)
def test_a_phone_that_passes_nothing_on_is_not_blamed_on_the_installation(
    owner, world, link, phone, changes, words, place
):
    rows(SimulatedPhone, world).update(**changes)

    page = owner.get(start(owner, link)).content.decode()

    assert steps_of(world)["message"] == "failed"
    assert words in page
    assert f'href="/w/padaria/{place.format(phone.key)}"' in page
    assert "PUBLIC_URL" not in page


def test_a_link_of_a_real_number_is_walked_on_a_number_that_is_connected(world):
    real = make_room_1.channel(world.workspace)
    link = make.link(real, slug="bio")
    dropped = make_room_1.sandbox_number(world.workspace, state="disconnected")
    assert link_tests.find_number(link) == dropped
    new = make_room_1.sandbox_number(world.workspace, state="new")
    assert link_tests.find_number(link) == new
    connected = make_room_1.sandbox_number(world.workspace, state="connected")
    assert link_tests.find_number(link) == connected

    # Of a link's own number the test has to tell that nothing reaches it.
    assert link_tests.find_number(make.link(dropped, slug="vitrine")) == dropped


def test_a_worker_that_does_not_come_is_told_and_asked_no_more_after_a_while(
    owner, world, link
):
    address = start(owner, link)
    test = rows(LinkTest, world).get()

    for age, words, asks in ((2, "longer than usual", True), (20, "no further", False)):
        test.started_at -= timedelta(minutes=age)
        test.save()
        page = owner.get(address).content.decode()
        assert words in page
        assert ("every 1s" in page) == asks
    listed = owner.get(f"/w/padaria/links/{link.key}/").content.decode()
    for shown in (page, listed):
        assert "Came no further" in shown
        assert "Under way" not in shown


@pytest.mark.parametrize("is_merged", [False, True])
def test_a_test_stays_passed_whatever_becomes_of_its_lead(
    owner, world, link, is_merged
):
    address = start(owner, link)
    work()
    lead = rows(Lead, world).get()
    told = {"reason": "x", "actor": world.owner, "now": timezone.now()}
    if is_merged:
        older = make.lead(world.workspace, name="Ana")
        make.attribution(older, touch=make.touch(older))
        merging.merge(lead, into=older, **told)
    else:
        corrections.correct_origin(lead, seen=lead.attribution_id, **told)

    for page in (address, f"/w/padaria/links/{link.key}/"):
        shown = owner.get(page).content.decode()
        assert "Passed" in shown
        assert "Under way" not in shown


def test_agents_see_a_test_and_start_none_and_strangers_see_nothing(
    owner, world, link, signed_in
):
    address = start(owner, link)
    agent, outsider = signed_in(world.agent), signed_in(world.outsider)
    theirs = make_room_1.sandbox_number(world.other_workspace)
    foreign = LinkTest.objects.create(
        workspace=world.other_workspace,
        link=make.link(theirs, slug="deles"),
        channel=theirs,
        started_at=make.NOON,
    )

    assert agent.get(address).status_code == 200
    assert agent.get(f"/w/padaria/links/{link.key}/test/").status_code == 403
    assert outsider.get(address).status_code == 404
    for key in (foreign.key, uuid.uuid4()):
        assert owner.get(f"/w/padaria/links/tests/{key}/").status_code == 404


def test_a_key_that_is_another_tests_begins_one_of_its_own(owner, world, link):
    other = make.link(link.channel, slug="outra")
    key = uuid.uuid4()

    first, second = start(owner, link, key=key), start(owner, other, key=key)

    assert first != second
    assert rows(LinkTest, world).count() == 2


@pytest.mark.parametrize("key", ["", "x", "\0"])
def test_a_form_without_its_key_shows_the_page_again(owner, world, link, key):
    answer = owner.post(f"/w/padaria/links/{link.key}/test/", {"key": key})

    assert answer.status_code == 200
    assert not rows(LinkTest, world).exists()
