"""Leads: the list, and the page that answers "why this origin?"."""

import re
import uuid
from datetime import timedelta

import pytest

from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.selectors import evidence, leads

EVIDENCE = [
    {
        "step": "token",
        "looked_for": ["7GK2M9XQ4C"],
        "found": None,
        "why": "no click and no lead carries this token",
    },
    {
        "step": "token_rescue",
        "looked_for": ["7GK2M9XQ4C"],
        "found": [{"token": "7GK2M9XQ4D", "touch": 3, "link": "vitrine", "lead": None}],
        "refused": "that click belongs to another person already",
    },
    {"step": "anonymous", "why": "the text has a token that nothing here knows"},
]


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


def test_lead_page_explains_the_origin_in_the_readers_language(
    world, channel, signed_in
):
    lead = make.lead(world.workspace, name="Ana Lima")
    make.identity(lead)
    make.attribution(lead, evidence=EVIDENCE)
    client = signed_in(world.agent)

    portuguese = client.get(f"/w/padaria/leads/{lead.key}/").content.decode()
    world.agent.language = "en"
    world.agent.save()
    english = client.get(f"/w/padaria/leads/{lead.key}/").content.decode()

    assert "Nenhum clique e nenhum lead tem este código" in portuguese
    assert "No click and no lead carries this token" in english
    assert "7GK2M9XQ4D" in english
    assert "vitrine" in english


def test_lead_page_shows_aliases_touches_verdicts_and_conversations(
    world, channel, signed_in
):
    lead = make.lead(world.workspace, name="Ana Lima", stage="proposta")
    make.identity(lead, value="5511987654321")
    make.identity(lead, kind="username", value="@ana")
    link = make.link(channel, slug="vitrine")
    touch = make.touch(lead, link=link, token="7GK2M9XQ4C", utm_campaign="inverno")
    make.attribution(lead)
    make.attribution(lead, touch=touch)
    conversation = make.conversation(lead, channel)

    page = signed_in(world.agent).get(f"/w/padaria/leads/{lead.key}/").content.decode()

    for shown in ("+55 11 98765-4321", "@ana", "inverno", "proposta", "Vale agora"):
        assert shown in page
    assert str(conversation.key) in page


def test_lead_page_needs_the_same_queries_for_few_and_for_many(
    world, channel, signed_in, django_assert_num_queries
):
    lead = make.lead(world.workspace)
    client = signed_in(world.agent)

    for _ in range(2):
        for number in range(5):
            touch = make.touch(lead, link=make.link(channel, slug=uuid.uuid4().hex))
            make.attribution(lead, touch=touch, actor=world.owner)
            make.identity(lead, kind="username", value=uuid.uuid4().hex)
            make.conversation(lead, channel, state="closed", message_count=number)
        # Session, person, memberships, two kinds of alerts, then 6; 2 for duplicates, 1 for merges and
        # 1 for what they said about hearing from us.
        with django_assert_num_queries(14):
            client.get(f"/w/padaria/leads/{lead.key}/")


def test_a_merged_lead_leads_to_the_one_that_stayed(world, signed_in):
    stayed = make.lead(world.workspace, name="Ana")
    merged = make.lead(world.workspace, name="Ana 2", merged_into=stayed)
    client = signed_in(world.agent)

    page = client.get(f"/w/padaria/leads/{merged.key}/").content.decode()
    listed = client.get("/w/padaria/leads/").content.decode()

    assert str(stayed.key) in page
    assert str(merged.key) not in listed


def test_list_pages_follow_each_other(world, django_assert_num_queries):
    made = [
        make.lead(
            world.workspace, created_at=make.NOON + timedelta(minutes=number // 2)
        )
        for number in range(5)
    ]

    with django_assert_num_queries(1):
        first = leads.list_leads(world.workspace, size=3)
    second = leads.list_leads(world.workspace, before=first.older or "", size=3)

    keys = [row.key for row in (*first.rows, *second.rows)]
    assert keys == [lead.key for lead in reversed(made)]
    assert second.older is None


@pytest.mark.parametrize(
    "written",
    [
        None,
        [],
        {},
        "text",
        [None, 1, "x", [], {"step": None}],
        [{"step": ["x"], "looked_for": 3, "found": {"a": {"b": [1]}}, "why": {"c": 1}}],
        [{"step": "token", "found": {"clicked_at": "not a moment"}}],
        [{"step": "token", "found": {"clicked_at": "2026-99-99T00:00:00Z"}}],
    ],
)
def test_evidence_of_any_form_is_readable(world, written, signed_in):
    lead = make.lead(world.workspace)
    make.attribution(lead, evidence=written if written is not None else [])
    evidence.read(written)

    page = signed_in(world.agent).get(f"/w/padaria/leads/{lead.key}/")

    assert page.status_code == 200


def test_row_ids_of_ours_are_not_shown():
    [step] = evidence.read([{"found": {"touch": 3, "lead": 9, "link": "vitrine"}}])

    assert [fact.value for fact in step.found] == ["vitrine"]


def test_missing_and_foreign_leads_are_the_same_404(world, signed_in):
    lead = make.lead(world.workspace)
    outsider = signed_in(world.outsider)

    foreign = outsider.get(f"/w/oficina/leads/{lead.key}/")
    missing = outsider.get(f"/w/oficina/leads/{uuid.uuid4()}/")

    assert foreign.status_code == missing.status_code == 404
    assert _without_token(foreign) == _without_token(missing)


def _without_token(page):
    return re.sub(r'"X-CSRFToken": "\w+"', "", page.content.decode())


def test_the_way_back_to_a_filtered_list_lasts_through_an_edit(world, signed_in):
    lead = make.lead(world.workspace, name="Ana Lima")
    client = signed_in(world.agent)
    page = f"/w/padaria/leads/{lead.key}/"
    carried = "?from=q%3DAna"

    listed = client.get("/w/padaria/leads/?q=Ana").content.decode()
    shown = client.get(page + carried).content.decode()
    edit = client.get(f"{page}edit/{carried}").content.decode()
    saved = client.post(f"{page}edit/{carried}", {"name": "Ana"})

    assert f'href="{page}{carried}"' in listed
    assert 'href="/w/padaria/leads/?q=Ana"' in shown
    assert f'href="{page}edit/{carried}"' in shown
    assert f'class="crumb" href="{page}{carried}"' in edit
    assert saved.headers["Location"] == page + carried
