"""What webhooks tell about templates: in any order, as often as they come."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.factories import integrations as numbers
from tests.factories import whatsapp as make
from tests.walls import as_app
from tests.webhooks.conftest import Shop
from webhooks import processing
from whatsapp.models import Template, TemplateChange, TemplateSync

AT = datetime(2026, 3, 11, 12, 0, tzinfo=UTC)


def body(event: str, *, at: datetime = AT, field: str = "", **value: Any) -> bytes:
    """As Meta posts it; no number is named."""
    told = {
        "message_template_id": 9001,
        "message_template_name": "pedido",
        "message_template_language": "pt_BR",
        "reason": "NONE",
    }
    change = {
        "field": field or "message_template_status_update",
        "value": {"event": event, **told, **value},
    }
    entry = {"id": "1020", "time": int(at.timestamp()), "changes": [change]}
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [entry]}
    ).encode()


@pytest.fixture
def template(shop: Shop) -> Template:
    return make.template(
        shop.channel,
        name="pedido",
        external_id="9001",
        status="pending",
        provider_status="PENDING",
        status_at=AT - timedelta(hours=1),
    )


def changes(template: Template) -> list[tuple[str, str]]:
    rows = TemplateChange.objects.for_workspace(template.workspace)
    return [(one.word, one.before) for one in rows.order_by("told_at", "pk")]


def test_status_is_applied_with_its_reason(shop: Shop, template: Template) -> None:
    [row] = shop.process(body("REJECTED", reason="INVALID_FORMAT"))

    assert (row.state, row.outcome) == ("done", {"templates": 1})
    template.refresh_from_db()
    assert (template.status, template.reason) == ("rejected", "INVALID_FORMAT")
    assert template.status_at == AT
    assert changes(template) == [("REJECTED", "PENDING")]


def test_same_news_twice_is_one_change(shop: Shop, template: Template) -> None:
    shop.process(body("APPROVED"), body("APPROVED"))
    shop.process(body("APPROVED"))

    assert changes(template) == [("APPROVED", "PENDING")]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_last_word_counts_in_whatever_order_it_comes(
    shop: Shop, template: Template, order: tuple[int, ...]
) -> None:
    told = [
        body("APPROVED", at=AT),
        body("PAUSED", at=AT + timedelta(minutes=1)),
        body("DISABLED", at=AT + timedelta(minutes=2)),
    ]

    for index in order:
        shop.process(told[index])

    template.refresh_from_db()
    assert template.status == "disabled"
    assert [word for word, _ in changes(template)][-1] == "DISABLED"


def test_news_older_than_the_list_has_the_list_asked_anew(
    shop: Shop, template: Template
) -> None:
    template.status_at = AT + timedelta(seconds=30)
    template.save()

    shop.process(body("APPROVED"))

    template.refresh_from_db()
    assert template.status == "pending"
    sync = TemplateSync.objects.for_workspace(shop.workspace).get()
    assert sync.integration == shop.integration


def test_unknown_template_and_changed_text_have_the_list_asked(
    shop: Shop, template: Template
) -> None:
    shop.process(
        body("", field="message_template_components_update"),
        body("APPROVED", message_template_name="outro"),
    )

    assert TemplateSync.objects.for_workspace(shop.workspace).count() == 1
    template.refresh_from_db()
    assert template.status == "pending"


def test_category_and_quality_are_kept(shop: Shop, template: Template) -> None:
    shop.process(
        body(
            "",
            field="template_category_update",
            previous_category="UTILITY",
            new_category="MARKETING",
        ),
        body(
            "",
            field="message_template_quality_update",
            previous_quality_score="GREEN",
            new_quality_score="RED",
            at=AT + timedelta(minutes=1),
        ),
        body(
            "",
            field="message_template_quality_update",
            previous_quality_score="UNKNOWN",
            new_quality_score="GREEN",
        ),
    )

    template.refresh_from_db()
    assert (template.category, template.quality) == ("marketing", "red")


def test_deleted_template_is_gone(shop: Shop, template: Template) -> None:
    shop.process(body("DELETED"))

    template.refresh_from_db()
    assert template.gone_at == AT


def test_two_integrations_of_one_account_both_hear_it(
    shop: Shop, template: Template
) -> None:
    other = numbers.channel(
        shop.workspace, integration=numbers.integration(shop.workspace)
    )
    twin = make.template(other, name="pedido", external_id="9001", status="pending")

    shop.process(body("APPROVED"))

    for row in (template, twin):
        row.refresh_from_db()
        assert row.status == "approved"


def test_template_of_the_same_name_elsewhere_is_left_alone(
    shop: Shop, template: Template
) -> None:
    other = numbers.channel(
        shop.workspace, integration=numbers.integration(shop.workspace)
    )
    stranger = make.template(other, name="pedido", external_id="77", status="pending")

    shop.process(body("APPROVED"))

    stranger.refresh_from_db()
    assert stranger.status == "pending"


def test_news_on_the_shared_address_finds_the_template_by_its_id(
    shop: Shop, template: Template
) -> None:
    row = shop.receive(body("APPROVED"), workspace=None, integration=None)
    with as_app():
        processing.drain(budget_seconds=30)

    row.refresh_from_db()
    template.refresh_from_db()
    assert (row.state, template.status) == ("done", "approved")


def test_shared_body_that_names_numbers_speaks_for_no_template(
    shop: Shop, template: Template
) -> None:
    """Its sender was proven for those numbers alone."""
    told = json.loads(body("APPROVED"))
    told["entry"][0]["changes"].append(
        {
            "field": "messages",
            "value": {"metadata": {"phone_number_id": "1"}, "statuses": []},
        }
    )
    told["entry"][0]["changes"].append(
        {
            "field": "phone_number_quality_update",
            "value": {"display_phone_number": "551199", "event": "FLAGGED"},
        }
    )
    shop.receive(json.dumps(told).encode(), workspace=None, integration=None)
    with as_app():
        processing.drain(budget_seconds=30)

    template.refresh_from_db()
    assert template.status == "pending"
