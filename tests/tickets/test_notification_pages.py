"""The table of notifications, its plans and tests, the log, and what a ticket's page says."""

import uuid

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from tests.factories import integrations as numbers
from tests.factories import tickets as make
from tests.factories import whatsapp as talk
from tests.factories.whatsapp import NOON
from tickets.models import Notification, NotificationRule, NotificationSettings
from tickets.services import tickets
from tickets.services.tickets import By
from whatsapp.models import Conversation, Message

RULES = "/w/padaria/notifications/rules/"
NEW = f"{RULES}new/"
LOG = "/w/padaria/notifications/"
SETTINGS = "/w/padaria/notifications/settings/"


@pytest.fixture
def channel(world):
    return numbers.meta_number(world.workspace, state="connected")


@pytest.fixture
def client(channel):
    """Who wrote just now."""
    made = make.reachable(channel)
    Conversation.objects.for_workspace(channel.workspace).update(
        last_inbound_at=timezone.now()
    )
    return made


@pytest.fixture
def ticket(world, client):
    return make.ticket(world.workspace, client=client)


def rules_of(world):
    return list(NotificationRule.objects.for_workspace(world.workspace).order_by("pk"))


def form(**told):
    return {
        "event": "resolved",
        "audience": "client",
        "language": "pt-br",
        "text": "Resolvido: {título}",
        "is_active": "on",
    } | told


def text_of(page):
    return page.content.decode()


def test_an_empty_table_offers_texts_and_one_button_uses_them(world, signed_in):
    admin = signed_in(world.owner)
    assert "Usar estes textos" in text_of(admin.get(RULES))

    for _ in range(2):
        admin.post(RULES, {"act": "defaults"})

    assert len(rules_of(world)) == 10
    page = text_of(admin.get(RULES))
    assert "Abrimos o chamado" in page
    assert (
        AuditEvent.objects.for_workspace(world.workspace)
        .filter(action="notification_rule.defaults_used")
        .exists()
    )


def test_agents_read_the_table_and_change_nothing(world, signed_in):
    rule = make.rule(world.workspace)
    agent = signed_in(world.agent)

    page = text_of(agent.get(RULES))
    answers = [
        agent.post(RULES, {"act": "off", "rule": str(rule.key)}).status_code,
        agent.post(NEW, form()).status_code,
        agent.get(f"{RULES}{rule.key}/").status_code,
        agent.post(SETTINGS, {}).status_code,
    ]

    assert "chamado nº {número}" in page
    assert answers == [403, 403, 403, 403]
    rule.refresh_from_db()
    assert rule.is_active


def test_a_line_is_written_changed_and_removed(world, signed_in):
    admin = signed_in(world.owner)
    admin.post(NEW, form())
    [rule] = rules_of(world)
    address = f"{RULES}{rule.key}/"

    again = admin.post(NEW, form())
    admin.post(address, form(text="Pronto", seen="1"))
    stale = admin.post(address, form(text="Outro", seen="1"))
    admin.post(RULES, {"act": "off", "rule": str(rule.key)})
    rule.refresh_from_db()

    assert again.status_code == 422
    assert (stale.status_code, rule.text, rule.is_active) == (409, "Pronto", False)
    asked = admin.post(address, form(act="remove"))
    assert "Remover" in text_of(asked)
    assert rules_of(world) == [rule]
    admin.post(address, form(act="remove-sure"))
    assert rules_of(world) == []


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ({"text": "Olá {nomee}"}, "{nomee}"),
        ({"text": "", "email_body": ""}, "texto"),
        ({"event": "nothing"}, "nothing"),
        ({"event": "replied"}, ""),
        ({"audience": "assignee", "text": ""}, ""),
        ({"template": str(uuid.uuid4())}, ""),
        ({"text": "x" * 2001}, ""),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_reason(world, signed_in, told, word):
    page = signed_in(world.owner).post(NEW, form(**told))

    assert page.status_code == 422
    assert word in text_of(page)
    assert rules_of(world) == []


def test_a_template_asks_for_its_fields_and_previews_them(world, channel, signed_in):
    template = talk.template(channel)
    admin = signed_in(world.owner)
    told = form(template=str(template.key))

    empty = admin.post(NEW, told)
    filled = told | {"gap-body-1": "{nome}", "gap-body-2": "{número}"}
    looked = text_of(admin.post(NEW, filled | {"act": "look"}))
    admin.post(NEW, filled)

    assert empty.status_code == 422
    assert "Ana" in looked
    assert "1042" in looked
    [rule] = rules_of(world)
    assert rule.template == template
    assert rule.template_values == {"body-1": "{nome}", "body-2": "{número}"}


def test_templates_with_pictures_are_not_offered(world, channel, signed_in):
    parts = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "oi"}]
    talk.template(channel, name="com_foto", components=parts)

    assert "com_foto" not in text_of(signed_in(world.owner).get(NEW))


def test_the_plan_says_whom_it_reaches_and_why_not(world, channel, ticket, signed_in):
    for number, fields in enumerate(
        ({"name": "Sem Fone"}, {"name": "Fone Errado", "phone": "12"}), 2
    ):
        other = make.client(world.workspace, **fields)
        make.ticket(world.workspace, number=number, client=other)
    closed = make.client(world.workspace, name="Já Encerrou")
    make.ticket(world.workspace, number=9, client=closed, status="closed")

    page = text_of(signed_in(world.owner).post(NEW, form(act="look")))

    assert "Alcança 3 pessoas" in page
    for word in ("Sem Fone", "Fone Errado", "Ana Lima", "Não alcançado"):
        assert word in page
    assert "Já Encerrou" not in page
    assert not Notification.objects.for_workspace(world.workspace).exists()


def test_before_many_change_it_says_who_is_told(world, ticket, signed_in):
    make.rule(world.workspace)
    other = make.ticket(world.workspace, number=2)
    agent = signed_in(world.agent)
    told = {"ticket": [str(ticket.key), str(other.key)], "status": "resolved"}

    asked = text_of(agent.post("/w/padaria/tickets/bulk/", told))
    agent.post("/w/padaria/tickets/bulk/", told | {"step": "do"})

    assert "Alcança 1 pessoa" in asked
    assert "1 chamado não tem cliente" in asked
    rows = Notification.objects.for_workspace(world.workspace)
    assert [one.path for one in rows] == ["free_text"]


def test_a_test_goes_to_a_number_of_ones_own_once(world, channel, client, signed_in):
    admin, key = signed_in(world.owner), str(uuid.uuid4())
    told = form(act="try", number="11 98765-4321", key=key)

    for _ in range(2):
        page = admin.post(NEW, told)

    assert page.status_code == 200
    [message] = Message.objects.for_workspace(world.workspace)
    assert message.text.startswith("Resolvido: ")
    assert rules_of(world) == []
    assert not Notification.objects.for_workspace(world.workspace).exists()


@pytest.mark.parametrize(
    ("number", "status"),
    [
        ("nenhum", 422),
        ("55 1234 5678", 422),
        ("11 91234-5678", 200),
        ("+5215512345678", 200),
    ],
)
@pytest.mark.usefixtures("channel")
def test_a_test_that_cannot_go_says_why(world, signed_in, number, status):
    told = form(act="try", number=number, key=str(uuid.uuid4()))

    page = signed_in(world.owner).post(NEW, told)

    assert page.status_code == status
    assert not Message.objects.for_workspace(world.workspace).exists()


def test_settings_are_kept_and_checked(world, signed_in):
    admin = signed_in(world.owner)
    told = {
        "is_quiet": "on",
        "quiet_from": "22:30",
        "quiet_until": "07:00",
        "repeat_minutes": "15",
    }

    wrong = admin.post(SETTINGS, told | {"quiet_until": "22:30"})
    admin.post(SETTINGS, told)

    assert wrong.status_code == 422
    row = NotificationSettings.objects.for_workspace(world.workspace).get()
    assert (row.is_quiet, row.quiet_from, row.quiet_until) == (True, 1350, 420)
    assert (row.urgent_is_exempt, row.sends_email, row.repeat_minutes) == (
        False,
        False,
        15,
    )
    assert "22:30" in text_of(admin.get(RULES))


# --- the ticket ---------------------------------------------------------------------
def test_the_ticket_says_what_its_client_was_told(world, ticket, signed_in):
    make.rule(world.workspace)
    agent = signed_in(world.agent)
    tickets.change(
        ticket, {"status": "resolved"}, by=By(world.agent), now=timezone.now()
    )

    page = text_of(agent.get(f"/w/padaria/tickets/{ticket.key}/"))
    listed = text_of(agent.get("/w/padaria/tickets/?status=all"))

    assert "O chamado nº 1 está resolvido." in page
    assert "Texto do WhatsApp" in page
    assert "Texto do WhatsApp" in listed


def test_telling_again_by_a_form_sent_twice_tells_once(world, ticket, signed_in):
    make.rule(world.workspace)
    agent, address = signed_in(world.agent), f"/w/padaria/tickets/{ticket.key}/"
    tickets.change(
        ticket, {"status": "resolved"}, by=By(world.agent), now=timezone.now()
    )

    for _ in range(2):
        agent.post(address, {"act": "tell", "key": str(uuid.UUID(int=7))})
    agent.post(address, {"act": "tell", "key": "none"})
    agent.post(address, {"act": "tell_by_email", "key": str(uuid.uuid4())})

    rows = Notification.objects.for_workspace(world.workspace).order_by("pk")
    assert [one.path for one in rows] == ["free_text", "free_text", "nobody"]
    assert rows[2].reason == "no_email"
    assert (
        AuditEvent.objects.for_workspace(world.workspace)
        .filter(action="notification.told_again")
        .count()
        == 1
    )


# --- the log ------------------------------------------------------------------------
def test_every_number_of_the_log_opens_its_rows(world, channel, ticket, signed_in):
    make.rule(world.workspace)
    make.rule(world.workspace, event="closed")
    now, by = timezone.now(), By(world.agent)
    nobody = make.client(world.workspace, name="Sem Fone")
    other = make.ticket(world.workspace, number=2, client=nobody)
    for one in (ticket, other):
        tickets.change(one, {"status": "resolved"}, by=by, now=now)
        tickets.change(one, {"status": "closed"}, by=by, now=now)
    agent = signed_in(world.agent)

    figures = agent.get(LOG).context
    links = [(one["count"], one["query"]) for one in figures["totals"]]
    links += [(one["count"], one["query"]) for one in figures["reasons"]]
    for _name, lines in figures["tables"]:
        links += [(one["line"].total, one["query"]) for one in lines]

    assert len(links) >= 7
    for count, query in links:
        assert len(agent.get(f"{LOG}?{query}").context["rows"]) == count, query


def test_the_log_is_a_file_too_and_leaves_nothing_out(world, ticket, signed_in):
    make.rule(world.workspace, text="=cmd({título})")
    tickets.change(
        ticket, {"status": "resolved"}, by=By(world.agent), now=timezone.now()
    )

    answer = signed_in(world.agent).get(f"{LOG}export.csv?state=queued")

    written = b"".join(answer.streaming_content).decode()
    assert "'=cmd(Chamado 1)" in written
    assert (
        AuditEvent.objects.for_workspace(world.workspace)
        .filter(action="notification.exported")
        .exists()
    )


def test_another_workspaces_log_and_rules_are_not_there(world, ticket, signed_in):
    rule = make.rule(world.workspace, text="Segredo")
    tickets.change(
        ticket, {"status": "resolved"}, by=By(world.agent), now=timezone.now()
    )
    outsider = signed_in(world.outsider)

    assert outsider.get(LOG).status_code == 404
    assert (
        outsider.get(f"/w/oficina/notifications/rules/{rule.key}/").status_code == 404
    )
    assert "Segredo" not in text_of(outsider.get("/w/oficina/notifications/"))


def test_the_cost_of_the_log_does_not_grow(
    world, channel, signed_in, django_assert_num_queries
):
    from tests import walls

    make.rule(world.workspace)
    by, agent = By(world.agent), signed_in(world.agent)

    def resolve(number):
        person = make.reachable(channel, digits=f"55119876500{number:02}")
        one = make.ticket(world.workspace, number=number, client=person)
        tickets.change(one, {"status": "resolved"}, by=by, now=NOON)

    resolve(1)
    agent.get(f"{LOG}?period=365")
    with walls.asked() as few:
        agent.get(f"{LOG}?period=365")
    for number in range(2, 9):
        resolve(number)
    with walls.asked() as many:
        agent.get(f"{LOG}?period=365")

    assert len(many) == len(few)
