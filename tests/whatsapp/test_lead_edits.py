"""What members write about a lead: its fields and notes."""

import re
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
        with django_assert_num_queries(
            7
        ):  # session, person, memberships, alerts, then 3
            client.get(f"/w/padaria/leads/{lead.key}/notes/")


def test_who_was_slower_sees_what_stands_there_and_loses_nothing(
    world, lead, signed_in
):
    url = f"/w/padaria/leads/{lead.key}/edit/"
    client = signed_in(world.agent)
    html = client.get(url).content.decode()
    [seen] = re.findall(r'name="seen" value="(\w+)"', html)
    lead.stage = "ganho"
    lead.save()
    form = {"name": "Antônia", "email": "", "stage": "proposta", "seen": seen}

    page = client.post(url, form)

    assert page.status_code == 409
    html = page.content.decode()
    assert 'value="Antônia"' in html
    assert "“ganho”" in html
    assert 'aria-invalid="true"' in html
    lead.refresh_from_db()
    assert lead.name == "Ana Lima"
    [seen] = re.findall(r'name="seen" value="(\w+)"', html)
    assert client.post(url, form | {"seen": seen}).status_code == 302
    lead.refresh_from_db()
    assert (lead.name, lead.stage) == ("Antônia", "proposta")


def test_the_same_edit_twice_is_one_and_says_nothing_changed(world, lead, signed_in):
    url = f"/w/padaria/leads/{lead.key}/edit/"
    client = signed_in(world.agent)
    html = client.get(url).content.decode()
    [seen] = re.findall(r'name="seen" value="(\w+)"', html)
    form = {"name": "Antônia", "email": "", "stage": "", "seen": seen}

    assert [client.post(url, form).status_code for _ in range(2)] == [302, 302]
    assert _actions(world) == ["lead.edited"]


@pytest.mark.parametrize("key", [None, "", "x"])
def test_a_note_without_its_key_is_shown_again_with_another_one(
    world, lead, signed_in, key
):
    url = f"/w/padaria/leads/{lead.key}/notes/"
    client = signed_in(world.agent)

    page = client.post(
        url, {"text": "Prefere manhã"} | ({} if key is None else {"key": key})
    )

    html = page.content.decode()
    assert "Prefere manhã</textarea>" in html
    assert 'role="alert"' in html
    [fresh] = re.findall(r'name="key" value="([\w-]+)"', html)
    client.post(url, {"text": "Prefere manhã", "key": fresh})
    assert _notes(lead).count() == 1


def test_a_note_written_on_after_going_back_is_another_note(world, lead, signed_in):
    url = f"/w/padaria/leads/{lead.key}/notes/"
    client = signed_in(world.agent)
    key = str(uuid.uuid4())

    for text in ("Ligar", "Ligar amanhã", "Ligar amanhã"):
        client.post(url, {"key": key, "text": text})

    assert sorted(one.text for one in _notes(lead)) == ["Ligar", "Ligar amanhã"]


def test_a_note_under_a_foreign_key_is_kept_and_changes_nothing_there(
    world, lead, signed_in
):
    foreign = make.note(make.lead(world.other_workspace), text="Alheia")

    signed_in(world.agent).post(
        f"/w/padaria/leads/{lead.key}/notes/", {"key": foreign.key, "text": "Minha"}
    )

    foreign.refresh_from_db()
    assert foreign.text == "Alheia"
    assert [one.text for one in _notes(lead)] == ["Minha"]


@pytest.mark.parametrize(
    ("page", "form", "kept"),
    [
        ("edit", {"name": "Antônia"}, 'value="Antônia"'),
        ("notes", {"text": "Ligar", "key": str(uuid.uuid4())}, "Ligar</textarea>"),
        ("origin", {"reason": "Disse", "origin": "none"}, "Disse</textarea>"),
    ],
)
def test_what_was_written_about_a_lead_merged_meanwhile_is_offered_to_the_one_that_stayed(
    world, lead, signed_in, page, form, kept
):
    between = make.lead(world.workspace, merged_into=lead)
    merged = make.lead(world.workspace, name="Ana 2", merged_into=between)
    client = signed_in(world.agent)
    url = f"/w/padaria/leads/{merged.key}/{page}/"
    stayed = f"/w/padaria/leads/{lead.key}/{page}/"

    asked = client.get(url)
    answer = client.post(url, form)

    assert asked.headers["Location"] == stayed
    assert answer.status_code == 409
    html = answer.content.decode()
    assert kept in html
    assert f'action="{stayed}"' in html
    assert "notice--warning" in html
    assert not _notes(lead).exists()
    assert _actions(world) == []
