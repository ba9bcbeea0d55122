"""Templates of a sandbox number over real HTTP: submitted, reviewed, changed, deleted."""

import time

import pytest

from accounts.scoping import workspace_transaction
from integrations import gateway
from integrations.providers.base.errors import Refused
from integrations.providers.base.templates import TemplateDraft, TemplateStatus
from integrations.providers.sandbox import review, samples
from integrations.services.simulated_post import POSTMAN
from tests import itself
from tests.factories import integrations as make
from tests.walls import as_app
from webhooks import processing
from whatsapp.models import Template
from whatsapp.services import template_sync


@pytest.fixture
def recado(transactional_db, settings, monkeypatch):
    monkeypatch.setattr(review, "SECONDS", 0.3)
    with itself.served(settings, monkeypatch) as server:
        yield server
        assert POSTMAN.wait(60), "a piece of news is still on its way"


@pytest.fixture
def channel(recado, world):
    return make.sandbox_number(world.workspace)


@pytest.fixture
def line(channel):
    with as_app():
        return gateway.open_line(channel.integration, deadline=30)


def draft(text="Olá, {{1}}! Tudo certo?", **fields):
    values = {
        "name": "boas_vindas",
        "language": "pt_BR",
        "category": "utility",
        "components": [{"type": "BODY", "text": text}],
    } | fields
    return TemplateDraft(**values)


def create(line, told):
    with as_app():
        return line.adapter.create_template(told, line.credentials, line.http)


def listed(line, name="boas_vindas"):
    with as_app():
        every = line.adapter.list_templates(line.credentials, line.http)
    return [one for one in every if one.name == name]


def reviewed(line, name="boas_vindas"):
    ends_at = time.monotonic() + 10
    while time.monotonic() < ends_at:
        [found] = listed(line, name)
        if found.status is not TemplateStatus.PENDING:
            return found
        time.sleep(0.05)
    raise AssertionError("still in review")


def test_submitted_template_is_in_review_and_then_approved(line):
    made = create(line, draft())

    assert (made.status, bool(made.external_id)) == (TemplateStatus.PENDING, True)
    assert reviewed(line).status is TemplateStatus.APPROVED


@pytest.mark.parametrize(
    ("text", "status", "category"),
    [
        ("Tudo #reject aqui", TemplateStatus.REJECTED, "utility"),
        ("Tudo #ads aqui", TemplateStatus.APPROVED, "marketing"),
    ],
)
def test_words_in_its_text_decide_the_review(line, text, status, category):
    create(line, draft(text))

    found = reviewed(line)

    assert (found.status, found.category) == (status, category)
    assert bool(found.reason) == (status is TemplateStatus.REJECTED)


def test_review_that_is_told_to_wait_goes_on(line):
    create(line, draft("Tudo #waiting aqui"))
    time.sleep(0.5)

    assert listed(line)[0].status is TemplateStatus.PENDING


def test_same_name_and_language_twice_is_refused(line):
    create(line, draft())

    with pytest.raises(Refused) as caught:
        create(line, draft())

    assert caught.value.code == "2388024"
    create(line, draft(language="en"))
    assert len(listed(line)) == 2


@pytest.mark.parametrize(
    "told",
    [
        draft(name="Com Maiúscula"),
        draft(category="gossip"),
        draft(components=[{"type": "FOOTER", "text": "x"}]),
    ],
)
def test_what_is_no_template_is_refused(line, told):
    with pytest.raises(Refused):
        create(line, told)


def test_changed_template_is_reviewed_anew(line):
    made = create(line, draft())
    reviewed(line)

    with as_app():
        line.adapter.edit_template(
            made.external_id, draft("Tudo #reject"), line.credentials, line.http
        )

    assert reviewed(line).status is TemplateStatus.REJECTED
    assert len(listed(line)) == 1


def test_deleted_template_is_gone_in_all_languages(line):
    name = samples.TEMPLATES[0]["name"]
    assert len(listed(line, name)) == 2

    with as_app():
        line.adapter.delete_template(name, line.credentials, line.http)

    assert listed(line, name) == []
    with as_app(), pytest.raises(Refused):
        line.adapter.delete_template(name, line.credentials, line.http)


def test_outcome_of_the_review_comes_by_webhook(line, channel, world):
    create(line, draft("Tudo #ads aqui"))
    with as_app():
        template_sync.run(workspace=world.workspace, is_forced=True)
    assert POSTMAN.wait(10)

    with as_app():
        processing.drain(budget_seconds=10)

    with workspace_transaction(world.workspace.pk):
        row = Template.objects.for_workspace(world.workspace).get(name="boas_vindas")
    assert (row.status, row.category) == ("approved", "marketing")


def test_another_number_has_templates_of_its_own(line, world):
    create(line, draft())
    other = make.sandbox_number(world.workspace)
    assert other.integration is not None
    with as_app():
        theirs = gateway.open_line(other.integration, deadline=30)

    assert listed(theirs) == []
