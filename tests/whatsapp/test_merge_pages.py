"""The pages around two leads that are one person."""

import re
import uuid
from datetime import timedelta

import pytest

from accounts.models import AuditEvent
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import Lead, LeadMerge, LeadPair
from whatsapp.services import merging

NOON = make.NOON


@pytest.fixture
def ana(world):
    lead = make.lead(world.workspace, email="ana@example.com")
    make.identity(lead, value="5511987654321")
    return lead


@pytest.fixture
def other(world):
    lead = make.lead(
        world.workspace,
        name="Aninha",
        email="ANA@example.com",
        stage="proposta",
        created_at=NOON - timedelta(days=40),
    )
    make.identity(lead, value="5521912345678")
    return lead


def url(lead, page="merge"):
    return f"/w/padaria/leads/{lead.key}/{page}/"


def read(response):
    return response.content.decode()


def merged(world, gone, into):
    return merging.merge(
        gone, into=into, reason="Mesma pessoa", actor=world.agent, now=NOON
    )


def seen_in(html):
    [mark] = re.findall(r'name="seen" value="(\w+)"', html)
    return mark


def test_a_lead_is_chosen_looked_at_and_merged_with_a_reason(
    world, ana, other, signed_in
):
    make.note(other, text="Gosta de sonho")
    client = signed_in(world.agent)

    chosen = read(client.get(url(ana), {"q": "anin"}))
    assert f"?with={other.key}" in chosen
    shown = read(client.get(url(ana), {"with": other.key}))
    assert "Aninha" in shown
    assert "1 anotação" in shown
    page = client.post(
        url(ana),
        {"with": other.key, "reason": "Disse ao telefone", "seen": seen_in(shown)},
        follow=True,
    )

    other.refresh_from_db()
    ana.refresh_from_db()
    assert other.merged_into == ana
    assert (ana.stage, ana.created_at) == ("proposta", other.created_at)
    html = read(page)
    assert "Disse ao telefone" in html
    assert "Gosta de sonho" in html
    assert page.redirect_chain[-1][0] == f"/w/padaria/leads/{ana.key}/"


def test_the_page_shows_before_what_will_be(world, ana, other, signed_in):
    channel = make_room_1.channel(world.workspace, display_name="Balcão")
    for lead in (ana, other):
        make.conversation(lead, channel)

    html = read(signed_in(world.agent).get(url(ana), {"with": other.key}))

    assert "Balcão" in html
    assert "<strong>proposta</strong>" in html
    assert f"/leads/{other.key}/merge/?with={ana.key}" in html  # the other way round


def test_sent_twice_it_is_one_merge(world, ana, other, signed_in):
    client = signed_in(world.agent)
    form = {"with": other.key, "reason": "x"}

    answers = [client.post(url(ana), form) for _ in range(2)]

    assert [one.status_code for one in answers] == [302, 302]
    assert {one["Location"] for one in answers} == {f"/w/padaria/leads/{ana.key}/"}
    assert LeadMerge.objects.for_workspace(world.workspace).count() == 1
    assert AuditEvent.objects.for_workspace(world.workspace).count() == 1


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_reason_is_asked_for(world, ana, other, signed_in, reason):
    page = signed_in(world.agent).post(url(ana), {"with": other.key, "reason": reason})

    assert page.status_code == 200
    assert 'aria-invalid="true"' in read(page)
    assert not LeadMerge.objects.for_workspace(world.workspace).exists()


def test_a_page_that_is_out_of_date_merges_nothing_and_keeps_the_words(
    world, ana, other, signed_in
):
    client = signed_in(world.agent)
    seen = seen_in(read(client.get(url(ana), {"with": other.key})))
    Lead.objects.for_workspace(world.workspace).filter(pk=other.pk).update(name="Bia")

    page = client.post(url(ana), {"with": other.key, "reason": "Sim", "seen": seen})

    assert page.status_code == 409
    html = read(page)
    assert "Sim</textarea>" in html
    assert 'role="alert"' in html
    again = {"with": other.key, "reason": "Sim", "seen": seen_in(html)}
    assert client.post(url(ana), again).status_code == 302


def test_a_lead_that_went_elsewhere_meanwhile_is_told_of(world, ana, other, signed_in):
    third = make.lead(world.workspace, name="Bia")
    merged(world, other, third)
    client = signed_in(world.agent)

    page = client.post(url(ana), {"with": other.key, "reason": "x"})
    came = client.get(url(other))

    assert page.status_code == 409
    assert "notice--warning" in read(page)
    assert came["Location"] == url(third)
    assert LeadMerge.objects.for_workspace(world.workspace).count() == 1


def test_a_lead_is_not_merged_into_itself(world, ana, signed_in):
    page = signed_in(world.agent).post(url(ana), {"with": ana.key, "reason": "x"})

    assert page.status_code == 409
    assert not LeadMerge.objects.for_workspace(world.workspace).exists()


def test_leads_of_others_are_not_here(world, ana, signed_in):
    foreign = make.lead(world.other_workspace)
    hidden = make.lead(world.other_workspace, name="Bia")
    outside = merging.merge(
        hidden, into=foreign, reason="x", actor=world.outsider, now=NOON
    )
    client = signed_in(world.agent)

    answers = {
        read(client.get(url(ana), {"with": key})).count("notice--warning")
        for key in (foreign.key, uuid.uuid4(), "outra coisa")
    }
    assert answers == {1}
    for key in (foreign.key, uuid.uuid4()):
        form = {"with": key, "other": key, "reason": "x"}
        assert client.post(url(ana), form).status_code == 409
        assert client.post(url(ana, "apart"), form).status_code == 404
        for page in (f"leads/{key}/merge/", f"leads/merges/{key}/undo/"):
            assert client.get(f"/w/padaria/{page}").status_code == 404
    undo = f"/w/padaria/leads/merges/{outside.key}/undo/"
    assert client.post(undo, {"reason": "x"}).status_code == 404


def test_viewers_only_look(world, ana, other, signed_in):
    viewer = make_room_0.user(email="viewer@example.com")
    make_room_0.membership(world.workspace, viewer, role="viewer")
    done = merged(world, make.lead(world.workspace, name="Bia"), ana)
    client = signed_in(viewer)

    for page in (url(ana), f"/w/padaria/leads/merges/{done.key}/undo/"):
        assert client.get(page).status_code == 403
        assert client.post(page, {"reason": "x"}).status_code == 403
    assert client.post(url(ana, "apart"), {"other": other.key}).status_code == 403
    html = read(client.get(f"/w/padaria/leads/{ana.key}/"))
    assert "Mesma pessoa" in html
    assert "/undo/" not in html
    assert "/merge/" not in html
    listed = read(client.get("/w/padaria/leads/duplicates/"))
    assert "Aninha" in listed
    assert "/apart/" not in listed


def test_a_merge_is_taken_back_with_a_reason_from_the_leads_page(
    world, ana, other, signed_in
):
    done = merged(world, other, ana)
    client = signed_in(world.agent)
    undo = f"/w/padaria/leads/merges/{done.key}/undo/"
    assert undo in read(client.get(f"/w/padaria/leads/{ana.key}/"))
    assert undo in read(client.get(f"/w/padaria/leads/{other.key}/"))

    assert client.get(undo).status_code == 200
    assert 'aria-invalid="true"' in read(client.post(undo, {"reason": " "}))
    page = client.post(undo, {"reason": "São duas"}, follow=True)

    other.refresh_from_db()
    assert other.merged_into is None
    assert "São duas" in read(page)
    assert client.post(undo, {"reason": "de novo"}).status_code == 302
    actions = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    assert [one.action for one in actions] == ["lead.merged", "lead.merge_undone"]


def test_a_merge_inside_another_one_is_told_to_be_taken_back_later(
    world, ana, other, signed_in
):
    last = make.lead(world.workspace, name="Bia")
    first = merged(world, other, ana)
    merged(world, ana, last)
    client = signed_in(world.agent)
    undo = f"/w/padaria/leads/merges/{first.key}/undo/"

    assert f"/leads/{last.key}/#merges" in read(client.get(undo))
    assert client.post(undo, {"reason": "x"}).status_code == 409
    first.refresh_from_db()
    assert first.undone_at is None


def test_what_was_merged_away_is_listed_counted_and_exported_once(
    world, ana, other, signed_in
):
    merged(world, other, ana)
    client = signed_in(world.agent)

    for page in ("leads/", "leads/?q=an", "leads/?q=5521912345678"):
        html = read(client.get(f"/w/padaria/{page}"))
        assert html.count("data-label=") in (5, 6)  # one row
        assert f"/leads/{ana.key}/" in html
    response = client.get("/w/padaria/leads/export.csv")
    lines = b"".join(response.streaming_content).decode().strip().splitlines()
    assert len(lines) == 2


def test_a_duplicate_is_suggested_on_the_page_and_in_the_list(
    world, ana, other, signed_in
):
    client = signed_in(world.agent)

    page = read(client.get(f"/w/padaria/leads/{ana.key}/"))
    listed = read(client.get("/w/padaria/leads/duplicates/"))

    for html in (page, listed):
        assert str(other.key) in html
        assert "e-mail" in html
    assert listed.count("suspicion-pair__two") == 1


def test_told_apart_it_is_not_suggested_any_more(world, ana, other, signed_in):
    client = signed_in(world.agent)

    page = client.post(url(ana, "apart"), {"other": other.key})
    listed = client.post(
        url(ana, "apart"), {"other": other.key, "back": "list"}, follow=True
    )

    assert page["Location"] == f"/w/padaria/leads/{ana.key}/#duplicates"
    assert str(other.key) not in read(listed)
    assert LeadPair.objects.for_workspace(world.workspace).get().actor == world.agent
    entry = AuditEvent.objects.for_workspace(world.workspace).get()
    assert entry.action == "lead.told_apart"


@pytest.mark.parametrize("query", ["clue=nada", "strength=9", "before=x"])
def test_a_filter_that_makes_no_sense_is_told_of(world, ana, other, signed_in, query):
    html = read(signed_in(world.agent).get(f"/w/padaria/leads/duplicates/?{query}"))

    assert f"<code>{query.partition('=')[0]}</code>" in html
    assert str(other.key) in html
