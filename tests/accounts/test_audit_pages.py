"""The audit log as a page, as files, and its proof."""

import ast
import csv
import io
import itertools
import json
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import translation

from accounts import audit, audit_sentences, audit_words
from accounts.models import AuditChain, AuditEvent
from accounts.selectors import audit_log
from accounts.selectors.audit_log import AuditFilter
from tests.factories import accounts as make

LIST = "/w/padaria/settings/audit/"
VERIFY = f"{LIST}verify/"
NOON = datetime(2026, 11, 20, 15, tzinfo=UTC)  # noon in São Paulo
ROOMS = ("accounts", "integrations", "whatsapp", "tickets", "webhooks", "config")


def _note(world, action, *, workspace=None, **told):
    return audit.record(
        **{"workspace": workspace or world.workspace, "actor": world.agent, "now": NOON}
        | told,
        action=action,
    )


def _actions_in_code():
    """Every text that is handed on as an action: of record(), and of helpers before it."""
    found = set()
    for room in ROOMS:
        for path in (django_settings.BASE_DIR / room).rglob("*.py"):
            if "audit_words" in path.parts or path.name == "audit_sentences.py":
                continue
            if "central" in path.parts:  # another server with words of its own
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    found |= _texts_of(node)
    return found


def _texts_of(call):
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name not in {"record", "_note", "_audit", "_record", "_end"}:
        return set()
    values = [*call.args, *(one.value for one in call.keywords if one.arg == "action")]
    texts = [
        node.value
        for value in values
        for node in ast.walk(value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {
        text
        for text in texts
        if "." in text and text.replace(".", "").replace("_", "").isalpha()
    }


# --- sentences ----------------------------------------------------------------
def test_every_action_of_the_code_has_its_words_and_none_is_left_over():
    assert _actions_in_code() == set(audit_words.WORDS)


@pytest.mark.parametrize("language", ["pt-br", "en"])
@pytest.mark.parametrize("action", sorted(audit_words.WORDS))
def test_every_sentence_holds_without_details(world, action, language):
    event = _note(world, action)

    with translation.override(language):
        said = audit_sentences.sentence(event, {})

    assert "agent@example.com" in said
    assert "%(" not in said


@pytest.mark.parametrize(
    ("action", "told", "sentence"),
    [
        (
            "member.role_changed",
            {"details": {"from": "agent", "to": "admin"}},
            "Ana changed Bruno from Agent to Admin",
        ),
        (
            "workspace.changed",
            {
                "details": {
                    "changes": {"time_zone": {"old": "UTC", "new": "America/Lima"}}
                }
            },
            "Ana changed the settings: time zone from “UTC” to “America/Lima”",
        ),
        (
            "member.removed",
            {"details": {"role": "viewer", "released": 1}},
            "Ana removed Bruno, who was Viewer; 1 conversation became free",
        ),
        (
            "invitation.refused",
            {
                "actor": None,
                "actor_label": "visitor",
                "details": {"email": "x@y.z", "why": "used"},
            },
            "Somebody who was not signed in opened the invitation of x@y.z, which did not count: it had been used",
        ),
        ("new.thing", {"target": "42"}, "Ana: new.thing 42"),
        (
            "inbox.pruned",
            {
                "details": {"rows": 12, "days": 30},
                "actor": None,
                "actor_label": "schedule",
            },
            "The nightly schedule deleted 12 requests older than 30 days",
        ),
    ],
)
def test_an_entry_reads_as_a_sentence(world, action, told, sentence):
    world.agent.name = "Ana"
    world.agent.save()
    event = _note(world, action, **{"target": "user:77"} | told)

    with translation.override("en"):
        assert audit_sentences.sentence(event, {77: "Bruno"}) == sentence


@pytest.mark.parametrize(
    ("to", "sentence"),
    [
        ("me", "agent@example.com took over a conversation"),
        ("other", "agent@example.com assigned a conversation to Bruno"),
        (
            None,
            "agent@example.com took a conversation from Bruno and left it to nobody",
        ),
    ],
)
def test_an_assignment_says_to_whom(world, to, sentence):
    number = {"me": world.agent.pk, "other": 77, None: None}[to]
    event = _note(world, "conversation.assigned", details={"from": 77, "to": number})

    with translation.override("en"):
        assert audit_sentences.sentence(event, {77: "Bruno"}) == sentence


def test_a_percent_sign_in_a_name_breaks_no_sentence(world):
    world.agent.name = "100% %(role)s %s"
    world.agent.save()

    event = _note(world, "member.left")

    assert "100% %(role)s %s" in audit_sentences.sentence(event, {})


# --- the page -------------------------------------------------------------------
@pytest.fixture
def begun(world):
    """As every log begins; asked for before `history`."""
    return _note(world, "workspace.added", now=NOON - timedelta(days=1))


@pytest.fixture
def history(world):
    _note(
        world,
        "lead.edited",
        details={"fields": ["name"]},
        target="11111111-1111-1111-1111-111111111111",
    )
    _note(world, "lead.exported", now=NOON + timedelta(days=1))
    _note(world, "member.left", actor=world.owner, now=NOON + timedelta(days=2))
    _note(
        world,
        "link.paused",
        actor=None,
        actor_label="operator",
        now=NOON + timedelta(days=3),
    )
    _note(world, "member.added", workspace=world.other_workspace, target="user:99")


def _shown(page):
    return [row.event.action for row in page.context["page"].rows]


@pytest.mark.parametrize(
    ("query", "actions"),
    [
        ({}, ["link.paused", "member.left", "lead.exported", "lead.edited"]),
        ({"person": "OWNER@"}, ["member.left"]),
        ({"person": "operator"}, ["link.paused"]),
        ({"action": "lead.edited"}, ["lead.edited"]),
        ({"action": "lead."}, ["lead.exported", "lead.edited"]),
        ({"target": "11111111"}, ["lead.edited"]),
        ({"since": "2026-11-22"}, ["link.paused", "member.left"]),
        ({"until": "2026-11-21"}, ["lead.exported", "lead.edited"]),
        ({"since": "2026-11-21", "until": "2026-11-21"}, ["lead.exported"]),
        ({"person": "nobody"}, []),
        (
            {"until": "9999-12-31"},
            ["link.paused", "member.left", "lead.exported", "lead.edited"],
        ),
    ],
)
def test_the_log_is_filtered(world, signed_in, history, query, actions):
    page = signed_in(world.owner).get(LIST, query)

    assert page.status_code == 200
    assert _shown(page) == actions


@pytest.mark.parametrize(
    "query",
    [
        {"action": "nonsense"},
        {"since": "yesterday"},
        {"since": "2026-11-22", "until": "2026-11-21"},
    ],
)
def test_a_filter_that_cannot_be_shows_no_entry_and_says_so(
    world, signed_in, history, query
):
    page = signed_in(world.owner).get(LIST, query)

    assert page.status_code == 200
    assert page.context["page"] is None
    assert "field__errors" in page.content.decode()


def test_times_are_in_the_workspaces_zone(world, signed_in, history):
    html = signed_in(world.owner).get(LIST).content.decode()

    assert "20/11/2026 12:00" in html


def test_pages_go_on_where_the_last_ended(world, signed_in, monkeypatch):
    monkeypatch.setattr(audit_log, "PAGE", 2)
    for _ in range(5):
        _note(world, "lead.exported")
    client = signed_in(world.owner)
    seen, query = [], {"action": "lead."}

    while query:
        page = client.get(LIST, query).context["page"]
        seen += [row.event.sequence for row in page.rows]
        query = {"action": "lead.", "before": page.older} if page.older else {}

    assert seen == [5, 4, 3, 2, 1]


def test_a_page_costs_the_same_few_or_many(world, signed_in, django_assert_num_queries):
    client = signed_in(world.owner)
    for count in (3, 30):
        for _ in range(count):
            _note(world, "member.added", target=f"user:{world.outsider.pk}")
        with django_assert_num_queries(
            7
        ):  # session, person, memberships, alerts, then 3
            client.get(LIST)


@pytest.mark.parametrize("role", ["agent", "viewer"])
def test_the_log_is_for_those_who_may_read_it(world, signed_in, role):
    person = make.user(email="p@example.com")
    make.membership(world.workspace, person, role=role)
    client = signed_in(person)

    for address in (LIST, f"{LIST}export.csv", f"{LIST}export.jsonl"):
        assert client.get(address).status_code == 403
    assert client.post(VERIFY).status_code == 403
    assert signed_in(world.outsider).post(VERIFY).status_code == 404


# --- files ----------------------------------------------------------------------
def _body(answer):
    return b"".join(answer.streaming_content).decode()


def test_the_csv_holds_the_filtered_entries_and_no_formula(world, signed_in, history):
    _note(
        world, "lead.exported", actor=None, actor_label='=HYPERLINK("x")', target="@x"
    )

    answer = signed_in(world.owner).get(f"{LIST}export.csv", {"action": "lead."})

    text = _body(answer)
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))
    assert text.startswith("\ufeff")
    assert [row[3] for row in rows[1:]] == [
        "lead.exported",
        "lead.exported",
        "lead.edited",
    ]
    assert rows[1][2] == '\'=HYPERLINK("x")'
    assert rows[1][4] == "'@x"
    assert rows[-1][1] == "2026-11-20 12:00:00"
    assert "no-store" in answer.headers["Cache-Control"]
    last = AuditEvent.objects.for_workspace(world.workspace).order_by("-sequence")[0]
    assert last.action == "audit.exported"
    assert last.details == {"format": "csv", "filters": ["action"]}


def test_the_json_lines_are_enough_to_check_the_chain_elsewhere(
    world, signed_in, history
):
    lines = _body(signed_in(world.owner).get(f"{LIST}export.jsonl")).splitlines()

    entries = [json.loads(line) for line in lines]
    assert [one["sequence"] for one in entries] == [5, 4, 3, 2, 1]
    for newer, older in itertools.pairwise(entries):
        assert newer["previous_hash"] == older["hash"]
    assert {one["workspace"] for one in entries} == {str(world.workspace.key)}


def test_a_file_is_read_in_batches(world, monkeypatch):
    monkeypatch.setattr(audit_log, "_BATCH", 2)
    for _ in range(5):
        _note(world, "lead.exported")

    pieces = list(audit_log.write_json_lines(world.workspace, filters=AuditFilter()))

    assert len(pieces) == 5


def test_a_wrong_filter_gives_the_page_and_no_file(world, signed_in):
    answer = signed_in(world.owner).get(f"{LIST}export.csv", {"since": "x"})

    assert answer.headers["Location"] == f"{LIST}?since=x"


# --- the proof --------------------------------------------------------------------
def test_an_intact_log_is_told_with_its_length_and_the_check_is_recorded(
    world, signed_in, begun, history
):
    done = signed_in(world.owner).post(VERIFY, follow=True)

    html = done.content.decode()
    assert "Íntegro: 5 entradas desde 19/11/2026" in html
    last = AuditEvent.objects.for_workspace(world.workspace).order_by("-sequence")[0]
    assert last.action == "audit.verified"
    assert last.details == {"entries": 5, "intact": True, "broken_at": None}
    assert audit.verify(world.workspace).is_intact


@pytest.mark.parametrize(
    ("sql", "number", "words"),
    [
        (
            "UPDATE accounts_auditevent SET action='x' WHERE sequence=2",
            2,
            "uma entrada foi alterada",
        ),
        ("DELETE FROM accounts_auditevent WHERE sequence=3", 3, "falta uma entrada"),
        (
            "DELETE FROM accounts_auditevent WHERE sequence=5",
            5,
            "as últimas entradas sumiram",
        ),
        (
            "UPDATE accounts_auditchain SET sealed='x'",
            1,
            "a chave da corrente não abre",
        ),
    ],
)
def test_a_broken_log_is_told_with_the_place(
    world, signed_in, begun, history, sql, number, words
):
    with connection.cursor() as cursor:
        cursor.execute(
            f"{sql} {'AND' if 'WHERE' in sql else 'WHERE'} workspace_id=%s",
            [world.workspace.pk],
        )

    html = signed_in(world.owner).post(VERIFY, follow=True).content.decode()

    assert f"Rompido no número {number}: {words}" in html


@pytest.mark.parametrize(
    ("language", "first", "second"),
    [
        (
            "pt-br",
            "Rompido no número 1: o registro ou o início da corrente sumiu",
            "Rompido no número 1: o registro foi recomeçado, e o que havia antes sumiu",
        ),
        (
            "en",
            "Broken at number 1: the log or the beginning of its chain is gone",
            "Broken at number 1: the log was begun anew, and what was before it is gone",
        ),
    ],
)
def test_a_log_deleted_whole_is_told_and_does_not_heal_by_being_asked_again(
    world, signed_in, begun, history, language, first, second
):
    world.owner.language = language
    world.owner.save()
    AuditEvent.objects.for_workspace(world.workspace)._raw_delete("default")
    AuditChain.objects.for_workspace(world.workspace)._raw_delete("default")
    client = signed_in(world.owner)

    pages = [client.post(VERIFY, follow=True).content.decode() for _ in range(2)]

    assert first in pages[0]
    assert second in pages[1]


def test_every_problem_of_the_check_has_its_words():
    tree = ast.parse((django_settings.BASE_DIR / "accounts" / "audit.py").read_text())
    told = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith(("is ", "was ", "does ", "the chain", "this and"))
    }

    assert told
    assert told == set(audit_words.PROBLEMS)


def test_the_check_is_asked_for_by_post(world, signed_in):
    assert signed_in(world.owner).get(VERIFY).status_code == 405
