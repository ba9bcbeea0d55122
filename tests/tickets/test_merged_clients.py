"""Clients of leads that become one and two again: each is told of what is their own."""

import uuid
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import AuditEvent
from accounts.scoping import workspace_transaction
from tests.factories import integrations as make_room_1
from tests.factories import tickets as make
from tests.factories import whatsapp as make_talk
from tests.threads import together
from tests.walls import as_app
from tickets.models import Client
from tickets.services import clients
from whatsapp.models import LeadMerge
from whatsapp.services import joining, merging, reaching
from whatsapp.services.joining import Join
from whatsapp.services.reaching import Person

ANA, BIA, NOBODY = "+5511987654321", "+5511912345678", "+5511955554444"


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


def person(world, channel, name, phone):
    """Somebody who writes from that phone."""
    lead = make_talk.lead(world.workspace, name=name)
    make_talk.identity(lead, value=phone.lstrip("+"))
    thread = make_talk.conversation(lead, channel, last_inbound_at=timezone.now())
    make_talk.message(thread, peer_key=f"p:{phone.lstrip('+')}")
    return lead


@pytest.fixture
def ana(world, channel):
    return person(world, channel, "Ana", ANA)


@pytest.fixture
def bia(world, channel):
    return person(world, channel, "Bia", BIA)


def add(world, phone="", **facts):
    told: Any = {"name": "Cliente", "phone": phone} | facts
    with workspace_transaction(world.workspace.pk):
        return clients.add(world.workspace, told, actor=world.agent, now=timezone.now())


def ask_for(world, lead, phone):
    """A ticket for whoever writes: their client."""
    with workspace_transaction(world.workspace.pk):
        return clients.from_lead(
            lead, phone=phone, actor=world.agent, now=timezone.now()
        )


def merge(world, gone, stays):
    told = {"reason": "x", "actor": world.agent, "now": timezone.now()}
    return merging.merge(gone, into=stays, **told)


def join(world, gone, stays):
    """As the corridor does when a provider tells two names of one person."""
    with workspace_transaction(world.workspace.pk):
        [joined] = joining.join(
            world.workspace.pk, [Join(gone.pk, stays.pk)], now=timezone.now()
        )
    return LeadMerge.objects.for_workspace(world.workspace).get(key=joined.key)


def undo(world, done):
    told = {"reason": "Engano", "actor": world.agent, "now": timezone.now()}
    with workspace_transaction(world.workspace.pk):
        assert merging.undo(done, **told)


def number_of(client):
    """Where news for the client would go."""
    asked = Person(client.pk, client.lead_id, client.phone, client.match_key)
    way = reaching.ways(client.workspace_id, [asked], now=timezone.now())[client.pk]
    return f"+{way.party.wa_id}" if way.party else None


@pytest.mark.parametrize("unite", [merge, join])
def test_a_client_added_while_two_leads_were_one_is_whose_phone_they_have(
    world, ana, bia, unite
):
    done = unite(world, bia, ana)
    hers, theirs = add(world, ANA), add(world, BIA)
    assert hers.lead == theirs.lead == ana

    undo(world, done)

    hers.refresh_from_db()
    theirs.refresh_from_db()
    assert (hers.lead, theirs.lead) == (ana, bia)
    assert (number_of(hers), number_of(theirs)) == (ANA, BIA)


def test_a_client_without_a_phone_goes_with_the_conversation_of_their_ticket(
    world, channel, ana
):
    hidden = make_talk.lead(world.workspace, name="")
    make_talk.identity(hidden, kind="lid", value="123", match_key="l:123")
    thread = make_talk.conversation(hidden, channel)
    done = merge(world, hidden, ana)
    thread.refresh_from_db()
    theirs = make.client(world.workspace, lead=thread.lead)
    nobodys = make.client(world.workspace, lead=ana)
    make.ticket(world.workspace, client=theirs, conversation=thread)

    undo(world, done)

    theirs.refresh_from_db()
    nobodys.refresh_from_db()
    assert (theirs.lead, nobodys.lead) == (hidden, ana)


def test_what_a_member_linked_by_hand_before_the_merge_stays(world, ana, bia):
    row = make.client(world.workspace, phone=NOBODY, match_key="p:5511955554444")
    clients.link(row, ana, actor=world.agent, now=timezone.now())

    undo(world, merge(world, bia, ana))

    row.refresh_from_db()
    assert row.lead == ana
    assert number_of(row) == ANA  # nobody writes from the phone that the client has


def test_in_a_chain_each_undoing_takes_the_client_one_step_back(
    world, channel, ana, bia
):
    last = person(world, channel, "Ana B.", NOBODY)
    first = merge(world, bia, ana)
    second = merge(world, ana, last)
    row = add(world, BIA)
    assert row.lead == last

    undo(world, second)
    row.refresh_from_db()
    assert row.lead == ana
    undo(world, first)
    row.refresh_from_db()
    assert row.lead == bia


def test_a_phone_that_told_of_a_lead_that_was_merged_tells_it_no_more(world, ana, bia):
    row = add(world, BIA)
    merge(world, bia, ana)

    clients.edit(row, {"phone": NOBODY}, actor=world.agent, now=timezone.now())

    row.refresh_from_db()
    assert row.lead is None


def test_nobody_is_written_to_for_whom_another_person_has_the_phone(world, ana, bia):
    """Even if the link says so: the phone is the client's own word."""
    row = make.client(
        world.workspace, lead=ana, phone=BIA, match_key=BIA.replace("+", "p:")
    )
    assert number_of(row) == BIA

    row.phone = row.match_key = ""
    assert number_of(row) == ANA


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    before=st.lists(
        st.tuples(
            st.sampled_from([None, "ana", "bia"]), st.sampled_from(["", ANA, BIA])
        ),
        max_size=4,
    ),
    since=st.lists(st.sampled_from([ANA, BIA, NOBODY]), max_size=3),
    is_asked=st.booleans(),
)
def test_a_merge_taken_back_leaves_every_client_as_they_were(
    world, channel, before, since, is_asked
):
    with transaction.atomic():
        people = {
            "ana": person(world, channel, "Ana", ANA),
            "bia": person(world, channel, "Bia", BIA),
            None: None,
        }
        for lead, phone in before:
            make.client(
                world.workspace,
                lead=people[lead],
                phone=phone,
                match_key=phone.replace("+", "p:"),
            )
        rows = Client.objects.for_workspace(world.workspace).order_by("pk")
        stood = list(rows.values())

        done = (merge if is_asked else join)(world, people["bia"], people["ana"])
        added = [add(world, phone) for phone in since]
        undo(world, done)

        owners = {ANA: people["ana"].pk, BIA: people["bia"].pk, NOBODY: None}
        assert list(rows.values())[: len(stood)] == stood
        for client in added:
            client.refresh_from_db()
            assert client.lead_id == owners[client.phone]
            assert number_of(client) == client.phone
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("attempt", range(4))
def test_a_client_added_while_a_merge_is_taken_back_is_whose_phone_they_have(
    world, ana, bia, attempt
):
    done = merge(world, bia, ana)

    together(
        *[lambda: add(world, BIA)] * 3,
        lambda: undo(world, done),
    )

    rows = Client.objects.for_workspace(world.workspace)
    assert set(rows.values_list("lead", flat=True)) == {bia.pk}


# --- known by a phone before anybody wrote from it ----------------------------------


def test_a_client_is_known_by_their_phone_when_they_write_for_the_first_time(
    world, channel
):
    known = add(world, ANA, oauth_id="7")
    other = add(world, BIA, oauth_id="8")
    ana = person(world, channel, "Ana", ANA)
    assert clients.of_lead(ana) == known

    found = ask_for(world, ana, ANA)

    assert (found, found.lead) == (known, ana)
    assert clients.of_lead(person(world, channel, "C", NOBODY)) is None
    other.refresh_from_db()
    assert other.lead is None
    assert Client.objects.for_workspace(world.workspace).count() == 2
    entry = AuditEvent.objects.for_workspace(world.workspace).latest("sequence")
    assert (entry.action, entry.target) == ("client.linked", str(known.key))


def test_a_client_who_is_linked_comes_before_one_known_by_the_phone(world, ana):
    by_phone = make.client(world.workspace, phone=ANA, match_key=ANA.replace("+", "p:"))
    linked = make.client(world.workspace, lead=ana)

    assert clients.of_lead(ana) == linked
    linked.delete()
    assert clients.of_lead(ana) == by_phone


def test_a_client_of_another_workspace_is_nobodys_here(world, ana):
    make.client(world.other_workspace, phone=ANA, match_key=ANA.replace("+", "p:"))

    assert clients.of_lead(ana) is None


def test_a_ticket_for_somebody_known_by_the_phone_links_them(world, channel, signed_in):
    known = add(world, ANA, oauth_id="7")
    ana = person(world, channel, "Ana", ANA)
    agent = signed_in(world.agent)
    address = f"/w/padaria/tickets/new/?conversation={ana.conversations.get().key}"

    assert str(known.key) in agent.get(address).content.decode()
    known.refresh_from_db()
    assert known.lead is None  # looking changes nothing
    agent.post(
        address,
        {
            "key": uuid.uuid4(),
            "title": "Bolo",
            "priority": "normal",
            "client": str(known.key),
            "conversation": str(ana.conversations.get().key),
        },
    )

    known.refresh_from_db()
    assert known.lead == ana
    assert known.tickets.get().title == "Bolo"


@pytest.mark.django_db(transaction=True)
def test_asked_for_by_several_at_once_it_is_one_client(world, channel):
    known = add(world, ANA, oauth_id="7")
    ana = person(world, channel, "Ana", ANA)

    found = together(*[lambda: ask_for(world, ana, ANA)] * 4)

    assert found == [known] * 4
    assert Client.objects.for_workspace(world.workspace).count() == 1
    events = AuditEvent.objects.for_workspace(world.workspace)
    assert events.filter(action="client.linked").count() == 1


def test_each_way_to_a_leads_client_begins_at_an_index(world, ana):
    rows = [
        Client(workspace=world.workspace, name="x", match_key=f"p:{n}", lead=None)
        for n in range(3000)
    ]
    Client.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tickets_client, whatsapp_lead, whatsapp_identity")
    sent = []

    def catch(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with as_app(), workspace_transaction(world.workspace.pk):
        with connection.execute_wrapper(catch):
            clients.of_lead(ana)
        sql, params = sent[0]
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = [line for (line,) in cursor.fetchall()]

    asked = [line for line in plan if "on tickets_client" in line]
    assert len(asked) == 3, plan
    assert all("lead_id" in line or "client_match" in line for line in asked), plan
