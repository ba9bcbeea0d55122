"""What members write about a lead: its fields and notes."""

import uuid

import pytest

from accounts.models import AuditEvent
from tests.factories import whatsapp as make
from whatsapp.models import LeadNote


@pytest.fixture
def lead(world):
    return make.lead(world.workspace, name="Ana Lima")


def _actions(world):
    events = AuditEvent.objects.for_workspace(world.workspace).order_by("sequence")
    return list(events.values_list("action", flat=True))


def _notes(lead):
    return LeadNote.objects.for_workspace(lead.workspace_id).filter(lead=lead)


def test_fields_are_saved_found_again_and_noted_once(world, lead, signed_in):
    client = signed_in(world.agent)
    form = {"name": "Antônia Lima", "email": "antonia@example.com", "stage": "proposta"}

    for _ in range(2):
        page = client.post(f"/w/padaria/leads/{lead.key}/edit/", form)
        assert page.headers["Location"] == f"/w/padaria/leads/{lead.key}/"

    lead.refresh_from_db()
    assert (lead.name, lead.email, lead.stage) == tuple(form.values())
    assert lead.search_text == "antonia lima"
    [entry] = AuditEvent.objects.for_workspace(world.workspace)
    assert entry.action == "lead.edited"
    assert entry.details == {"fields": ["name", "email", "stage"]}


@pytest.mark.parametrize(
    "wrong",
    [{"email": "ana"}, {"name": "x" * 201}, {"stage": "x" * 41}, {"name": "a\0b"}],
)
def test_wrong_fields_are_named_and_nothing_is_saved(world, lead, signed_in, wrong):
    form = {"name": "Bia", "email": "", "stage": ""} | wrong

    page = signed_in(world.agent).post(f"/w/padaria/leads/{lead.key}/edit/", form)

    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()
    lead.refresh_from_db()
    assert lead.name == "Ana Lima"
    assert _actions(world) == []


def test_a_note_sent_twice_is_one(world, lead, signed_in):
    client = signed_in(world.agent)
    form = {"key": str(uuid.uuid4()), "text": "Prefere <b>manhã</b>"}

    for _ in range(2):
        client.post(f"/w/padaria/leads/{lead.key}/notes/", form)
    page = client.get(f"/w/padaria/leads/{lead.key}/").content.decode()

    assert [(one.text, one.author) for one in _notes(lead)] == [
        ("Prefere <b>manhã</b>", world.agent)
    ]
    assert "Prefere &lt;b&gt;manhã&lt;/b&gt;" in page
    assert _actions(world) == ["lead.note_added"]


@pytest.mark.parametrize(
    "form",
    [
        {"text": "sem chave"},
        {"key": "x", "text": "chave errada"},
        {"key": str(uuid.uuid4()), "text": "  "},
        {"key": str(uuid.uuid4()), "text": "x" * 4001},
    ],
)
def test_notes_that_cannot_be_kept_are_not(world, lead, signed_in, form):
    page = signed_in(world.agent).post(f"/w/padaria/leads/{lead.key}/notes/", form)

    assert page.status_code == 200
    assert not _notes(lead).exists()


def test_deleting_asks_first_and_then_happens_once(world, lead, signed_in):
    note = make.note(lead, author=world.agent, text="Engano meu")
    url = f"/w/padaria/leads/{lead.key}/notes/"
    client = signed_in(world.agent)

    question = client.get(f"{url}?delete={note.key}").content.decode()
    assert "Engano meu" in question
    assert _notes(lead).exists()
    for _ in range(2):
        assert client.post(url, {"delete": str(note.key)}).status_code == 302

    assert not _notes(lead).exists()
    assert _actions(world) == ["lead.note_deleted"]


def test_nobody_deletes_another_persons_note(world, lead, signed_in):
    note = make.note(lead, author=world.agent)
    url = f"/w/padaria/leads/{lead.key}/notes/"
    owner = signed_in(world.owner)

    assert owner.get(f"{url}?delete={note.key}").status_code == 403
    assert owner.post(url, {"delete": str(note.key)}).status_code == 403
    assert "?delete=" not in owner.get(url).content.decode()
    assert _notes(lead).exists()


@pytest.mark.parametrize(
    "key", ["", "x", "0" * 400, "00000000-0000-4000-8000-000000000001"]
)
def test_a_note_that_is_not_there_is_no_error(world, lead, signed_in, key):
    url = f"/w/padaria/leads/{lead.key}/notes/"
    client = signed_in(world.agent)

    assert client.get(url, {"delete": key}).status_code == 200
    assert client.post(url, {"delete": key}).status_code == 302


def test_notes_cost_the_same_few_or_many(
    world, lead, signed_in, django_assert_num_queries
):
    client = signed_in(world.agent)
    for _ in range(2):
        for _ in range(5):
            make.note(lead, author=world.owner)
        with django_assert_num_queries(6):  # session, person, memberships, then 3
            client.get(f"/w/padaria/leads/{lead.key}/notes/")
