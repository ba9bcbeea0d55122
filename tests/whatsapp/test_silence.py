"""Who wants no messages: noted by hand, set up by words, seen wherever it matters."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from integrations import explanations
from integrations.models import Channel
from integrations.providers.base.outgoing import Text
from tests.conftest import World
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make
from tests.factories import whatsapp as rows
from tests.webhooks.conftest import make_shop
from tests.whatsapp.counter import Counter
from whatsapp.models import Lead, OptOut, OptOutScope, OptOutWords
from whatsapp.selectors import leads
from whatsapp.selectors.lead_filters import LeadFilter
from whatsapp.services import opt_outs

SignIn = Callable[[User], Client]
ANA = "5511987654321"


@pytest.fixture
def channel(world: World) -> Channel:
    return make.meta_number(world.workspace, state="connected")


@pytest.fixture
def ana(world: World) -> Lead:
    lead = rows.lead(world.workspace)
    rows.identity(lead, kind="wa_id", value=ANA)
    rows.identity(lead, kind="bsuid", value="BR.1", match_key="bsuid:BR.1")
    return lead


def address(name: str, lead: Lead | None = None, **query: str) -> str:
    names: dict[str, Any] = {"workspace_slug": "padaria"}
    if lead is not None:
        names["key"] = lead.key
    return reverse(f"whatsapp:{name}", kwargs=names)


def scopes(lead: Lead, channel: Channel, peer_key: str) -> frozenset[str]:
    return opt_outs.scopes_for(
        lead.workspace_id, peer_key=peer_key, channel_id=channel.pk
    )


def note(client: Client, lead: Lead, wanted: str, reason: str = "Pediu") -> Any:
    return client.post(
        address("lead-silence", lead), {"wanted": wanted, "reason": reason}
    )


@pytest.mark.django_db
def test_an_agent_notes_it_with_a_reason_and_it_holds_for_every_name(
    world: World, ana: Lead, channel: Channel, signed_in: SignIn
) -> None:
    client = signed_in(world.agent)

    answer = note(client, ana, "all", "Pediu por telefone")

    assert answer.status_code == 302
    row = OptOut.objects.for_workspace(world.workspace).get()
    assert (row.scope, row.source, row.reason) == (
        "all",
        "member",
        "Pediu por telefone",
    )
    assert scopes(ana, channel, f"p:{ANA}") == {"all"}
    assert scopes(ana, channel, "bsuid:BR.1") == {"all"}
    event = AuditEvent.objects.for_workspace(world.workspace).latest("sequence")
    assert (event.action, event.details) == (
        "lead.opted_out",
        {"from": "", "to": "all"},
    )


@pytest.mark.django_db
def test_it_is_changed_and_taken_back(
    world: World, ana: Lead, channel: Channel, signed_in: SignIn
) -> None:
    client = signed_in(world.agent)

    note(client, ana, "all")
    note(client, ana, "marketing")
    assert scopes(ana, channel, f"p:{ANA}") == {"marketing"}
    note(client, ana, "")

    assert scopes(ana, channel, "bsuid:BR.1") == frozenset()
    event = AuditEvent.objects.for_workspace(world.workspace).latest("sequence")
    assert event.action == "lead.opted_in"
    before = AuditEvent.objects.for_workspace(world.workspace).count()
    note(client, ana, "")
    assert AuditEvent.objects.for_workspace(world.workspace).count() == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    "values", [{"wanted": "all"}, {"wanted": "other", "reason": "x"}]
)
def test_without_a_reason_nothing_is_noted(
    world: World, ana: Lead, signed_in: SignIn, values: dict[str, str]
) -> None:
    page = signed_in(world.agent).post(address("lead-silence", ana), values)

    assert page.status_code == 200
    assert page.context["form"].errors
    assert not OptOut.objects.for_workspace(world.workspace).exists()


@pytest.mark.django_db
def test_who_has_no_number_cannot_be_silent(world: World, signed_in: SignIn) -> None:
    nobody = rows.lead(world.workspace, name="Sem número")

    page = note(signed_in(world.agent), nobody, "all")

    assert page.status_code == 200
    assert "Nenhum número" in page.content.decode()


@pytest.mark.django_db
def test_it_is_seen_on_the_lead_in_the_thread_in_the_list_and_in_the_file(
    world: World, ana: Lead, channel: Channel, signed_in: SignIn
) -> None:
    other = rows.lead(world.workspace, name="Beto")
    rows.identity(other, value="5511911112222")
    thread = rows.conversation(ana, channel, last_inbound_at=timezone.now())
    client = signed_in(world.agent)
    note(client, ana, "all", "Pediu por telefone")

    page = client.get(address("lead-detail", ana)).content.decode()
    assert "Não quer mensagens" in page
    assert "Pediu por telefone" in page
    names = {"workspace_slug": "padaria", "key": thread.key}
    head = client.get(reverse("whatsapp:conversation-detail", kwargs=names))
    assert "Não quer mensagens" in head.content.decode()
    listed = client.get(address("lead-list"), {"silent": "1"}).content.decode()
    assert "Ana Lima" in listed
    assert "Beto" not in listed
    exported = client.get(address("lead-export"), {"silent": "1"})
    told = b"".join(exported).decode()
    assert "Ana Lima" in told
    assert "Beto" not in told
    assert "Tudo o que enviamos por iniciativa nossa" in told


@pytest.mark.django_db
def test_taken_back_is_not_silent_any_more(
    world: World, ana: Lead, signed_in: SignIn
) -> None:
    client = signed_in(world.agent)
    note(client, ana, "all")
    note(client, ana, "")

    found = leads.list_leads(world.workspace, filters=LeadFilter(is_silent=True))

    assert found.rows == ()


@pytest.mark.django_db(transaction=True)
def test_nothing_unasked_leaves_whatever_name_it_goes_to(counter: Counter) -> None:
    """Said under one name, sent to another: what counts is who it is."""
    thread = counter.conversation(last_inbound_at=None)
    rows.identity(thread.lead, kind="wa_id", value=ANA)
    rows.identity(thread.lead, kind="bsuid", value="BR.1", match_key="bsuid:BR.1")
    opt_outs.note(
        counter.workspace.pk,
        peer_key="bsuid:BR.1",
        scope=OptOutScope.ALL,
        source="member",
        now=timezone.now(),
    )
    unasked = counter.enqueue("Promoção", conversation_id=thread.pk, is_bulk=True)
    thread.last_inbound_at = timezone.now()
    thread.save()
    reply = counter.enqueue(
        "Respondendo", conversation_id=thread.pk, content=Text("Respondendo")
    )

    counter.drain()

    assert counter.state(unasked) == ("failed", "opted_out", "failed")
    assert counter.state(reply)[0] == "accepted"


# --- what providers tell ----------------------------------------------------------------
def preference(value: str) -> bytes:
    told = {"wa_id": ANA, "category": "marketing_messages", "value": value}
    return cloud.envelope(
        {
            "field": "user_preferences",
            "value": {
                "messaging_product": "whatsapp",
                "metadata": cloud.METADATA,
                "contacts": [{"profile": {"name": "Ana"}, "wa_id": ANA}],
                "user_preferences": [told],
            },
        }
    )


def ledger(world: World) -> list[tuple[str, bool, str]]:
    told = OptOut.objects.for_workspace(world.workspace).order_by("pk")
    return list(told.values_list("scope", "is_out", "source"))


@pytest.mark.django_db(transaction=True)
def test_stop_promotions_within_whatsapp_is_noted_and_taken_back(world: World) -> None:
    shop = make_shop(world.workspace)

    rows_ = shop.process(preference("stop"), preference("stop"), preference("resume"))

    assert {row.state for row in rows_} == {"done"}
    assert rows_[0].outcome == {"preferences": 1}
    assert ledger(world) == [
        ("marketing", True, "provider"),
        ("marketing", False, "provider"),
    ]


@pytest.mark.django_db(transaction=True)
def test_the_request_of_it_tells_what_it_was(world: World, signed_in: SignIn) -> None:
    shop = make_shop(world.workspace)
    [row] = shop.process(preference("stop"))
    names = {"workspace_slug": "padaria", "key": row.key}

    page = signed_in(world.owner).get(reverse("webhooks:webhook-detail", kwargs=names))

    assert "sem campanhas" in page.content.decode()
    assert "1 descadastro anotado" in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_send_that_was_refused_for_it_is_noted_too(world: World) -> None:
    shop = make_shop(world.workspace)
    failed = cloud.status("wamid.x", "failed", errors=[{"code": 131050}])
    other = cloud.status("wamid.y", "failed", errors=[{"code": 131026}])

    shop.process(cloud.body(statuses=(failed, other)))

    assert explanations.asks_for_silence("meta_cloud", "131050")
    assert ledger(world) == [("marketing", True, "provider")]


# --- the words ---------------------------------------------------------------------------
WORDS = {
    "is_on": "on",
    "confirms": "on",
    "stop_words": "PARAR\nparar \nChega",
    "start_words": "VOLTAR",
    "stopped_pt-br": "Pronto, {nome}.",
    "started_pt-br": "De volta!",
}


@pytest.mark.django_db
def test_an_admin_sets_the_words_up(world: World, signed_in: SignIn) -> None:
    client = signed_in(world.owner)
    page = client.get(address("opt-out-words"))
    assert "DESCADASTRAR" in page.content.decode()

    answer = client.post(address("opt-out-words"), WORDS)

    assert answer.status_code == 302
    row = OptOutWords.objects.for_workspace(world.workspace).get()
    assert row.stop_words == ["PARAR", "Chega"]
    assert row.texts["stopped"] == {"pt-br": "Pronto, {nome}."}
    event = AuditEvent.objects.for_workspace(world.workspace).latest("sequence")
    assert event.action == "workspace.opt_out_words_changed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"stop_words": ""}, "stop_words"),
        ({"stop_words": "x" * 41}, "stop_words"),
        ({"stop_words": "\n".join(f"w{n}" for n in range(41))}, "stop_words"),
        ({"start_words": "párar"}, "start_words"),
        ({"stopped_pt-br": ""}, "stopped_pt-br"),
        ({"stopped_pt-br": "{x}"}, "stopped_pt-br"),
    ],
)
def test_words_that_cannot_be_are_said(
    world: World, signed_in: SignIn, changes: dict[str, str], field: str
) -> None:
    page = signed_in(world.owner).post(address("opt-out-words"), WORDS | changes)

    assert list(page.context["form"].errors) == [field]
    assert not OptOutWords.objects.for_workspace(world.workspace).exists()


@pytest.mark.django_db
def test_only_admins_set_words_up(world: World, signed_in: SignIn) -> None:
    assert signed_in(world.agent).get(address("opt-out-words")).status_code == 403
