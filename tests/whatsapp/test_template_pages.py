"""The pages of the templates: list, one name, what is asked before it is deleted."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import integrations as numbers
from tests.factories import whatsapp as make
from whatsapp.models import TemplateChange, TemplateSync

TWO: list[dict[str, Any]] = [
    {"type": "HEADER", "format": "IMAGE"},
    {
        "type": "BODY",
        "text": "Oi, {{1}}! Chegou novidade.",
        "example": {"body_text": [["Ana"]]},
    },
    {"type": "FOOTER", "text": "Responda SAIR para não receber mais."},
    {
        "type": "BUTTONS",
        "buttons": [
            {"type": "URL", "text": "Ver", "url": "https://loja.example/{{1}}"},
            {"type": "QUICK_REPLY", "text": "Agora não"},
        ],
    },
]


@pytest.fixture
def channel(world):
    return numbers.meta_number(world.workspace, display_name="Loja")


def page(client, world, name, **kwargs):
    query = kwargs.pop("query", "")
    path = reverse(
        f"whatsapp:{name}", kwargs={"workspace_slug": world.workspace.slug, **kwargs}
    )
    return client.get(path + query)


@pytest.fixture
def reader(world, signed_in):
    world.owner.language = "en"
    world.owner.save()
    return signed_in(world.owner)


def text_of(response):
    return " ".join(response.content.decode().split())


def test_languages_of_one_name_stand_together(reader, world, channel):
    make.template(channel, name="pedido", language="pt_BR")
    make.template(channel, name="pedido", language="en", status="pending")
    make.template(channel, name="outro")

    shown = page(reader, world, "template-list")

    assert [row["group"].name for row in shown.context["rows"]] == ["outro", "pedido"]
    states = [
        (view.row.language, view.state.label)
        for view in shown.context["rows"][1]["languages"]
    ]
    assert states == [("en", "In review"), ("pt_BR", "Approved")]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("?q=novidade", ["novidade"]),
        ("?q=PEDIDO", ["pedido"]),
        ("?q=reply", []),
        ("?state=rejected", ["pedido"]),
        ("?state=approved", ["novidade"]),
        ("?state=gone", ["sumido"]),
        ("?category=marketing", ["novidade"]),
        ("?language=en", ["pedido"]),
        ("?language=en&state=approved", []),
        ("?state=nonsense", ["novidade", "pedido", "sumido"]),
    ],
)
def test_list_is_filtered_by_the_address(reader, world, channel, query, names):
    make.template(channel, name="pedido", language="en", status="rejected")
    make.template(channel, name="novidade", components=TWO, category="marketing")
    make.template(channel, name="sumido", body="Olá!", gone_at=timezone.now())

    shown = page(reader, world, "template-list", query=query)

    assert [row["group"].name for row in shown.context["rows"]] == names
    assert shown.context["ignored"] == (["state"] if "nonsense" in query else [])


def test_number_filter_shows_its_account_alone(reader, world, channel):
    other = numbers.sandbox_number(world.workspace)
    make.template(channel, name="daqui")
    make.template(other, name="de_la")

    shown = page(reader, world, "template-list", query=f"?number={other.key}")

    assert [row["group"].name for row in shown.context["rows"]] == ["de_la"]


def test_empty_list_teaches_what_a_template_is(reader, world, channel):
    shown = text_of(page(reader, world, "template-list"))

    assert "No templates yet" in shown
    assert "Write the first template" in shown


def test_number_without_templates_is_told_plainly(reader, world):
    numbers.channel(world.workspace, provider="waha", display_name="Balcão")

    shown = text_of(page(reader, world, "template-list"))

    assert "Your numbers work without templates" in shown
    assert "Balcão" in shown


def test_sync_that_failed_says_what_to_do(reader, world, channel):
    make.template(channel)
    TemplateSync.objects.create(
        workspace=world.workspace,
        integration=channel.integration,
        next_at=timezone.now(),
        synced_at=timezone.now() - timedelta(hours=3),
        problem="key",
        detail="Session has expired",
    )

    shown = text_of(page(reader, world, "template-list"))

    assert "The provider does not accept the key." in shown
    assert "Put a new key in" in shown
    assert "Session has expired" in shown


def test_one_name_shows_each_language_with_its_reason_and_contract(
    reader, world, channel
):
    row = make.template(
        channel,
        components=TWO,
        status="rejected",
        provider_status="REJECTED",
        reason="TAG_CONTENT_MISMATCH",
        category="marketing",
    )

    shown = text_of(page(reader, world, "template-detail", key=row.key))

    assert "The text does not fit its language or category" in shown
    assert "Change what the reason says and submit it again." in shown
    assert "A picture on top" in shown
    assert "{{1}} in the text, such as “Ana”" in shown
    assert "The end of the address of button 1" in shown
    assert "Responda SAIR" in shown


def test_change_that_broke_users_stands_on_every_page_until_it_is_settled(
    reader, world, channel
):
    row = make.template(channel)
    make.template_change(
        row,
        details={
            "before": [{"part": "body", "kind": "text", "name": "1"}],
            "after": [{"part": "header", "kind": "media", "media": "image"}],
            "affected": [{"user": "queued", "count": 3, "name": ""}],
        },
    )

    home = text_of(reader.get(f"/w/{world.workspace.slug}/leads/"))
    detail = text_of(page(reader, world, "template-detail", key=row.key))

    assert "pedido_enviado" in home
    assert "3 messages waiting to be sent" in home
    assert "No longer: {{1}} in the text" in detail
    assert "New: A picture on top" in detail

    settle = reverse(
        "whatsapp:template-settle",
        kwargs={"workspace_slug": world.workspace.slug, "key": row.key},
    )
    assert reader.post(settle).status_code == 302
    assert reader.post(settle).status_code == 302

    [change] = TemplateChange.objects.for_workspace(world.workspace)
    assert change.settled_by == world.owner
    assert "Left behind" not in text_of(reader.get(f"/w/{world.workspace.slug}/leads/"))


def test_sync_now_is_asked_once(reader, world, channel):
    path = reverse(
        "whatsapp:template-sync", kwargs={"workspace_slug": world.workspace.slug}
    )

    reader.post(path)
    first = TemplateSync.objects.for_workspace(world.workspace).get().asked_at
    reader.post(path)

    row = TemplateSync.objects.for_workspace(world.workspace).get()
    assert row.asked_at == first
    assert "Reading the list" in text_of(page(reader, world, "template-list"))


def test_agent_reads_and_changes_nothing(world, signed_in, channel):
    row = make.template(channel)
    agent = signed_in(world.agent)

    assert page(agent, world, "template-list").status_code == 200
    assert page(agent, world, "template-detail", key=row.key).status_code == 200
    assert page(agent, world, "template-new").status_code == 403
    assert page(agent, world, "template-edit", key=row.key).status_code == 403
    assert page(agent, world, "template-delete", key=row.key).status_code == 403


def test_outsider_finds_no_page(world, signed_in, channel):
    row = make.template(channel)
    outsider = signed_in(world.outsider)

    assert page(outsider, world, "template-list").status_code == 404
    assert page(outsider, world, "template-detail", key=row.key).status_code == 404


def test_pages_ask_as_often_for_many_templates_as_for_few(
    reader, world, channel, django_assert_max_num_queries
):
    for number in range(30):
        make.template(channel, name=f"modelo_{number}", components=TWO)

    with django_assert_max_num_queries(22):
        page(reader, world, "template-list")
