"""A token that more than one brings, or under which a lead waits: whose the click is."""

import pytest
from django.utils import timezone

from tests.factories import cloud_api as cloud
from tests.factories import whatsapp as make_leads
from tests.webhooks.bringing import bring
from whatsapp import tokens
from whatsapp.models import Identity, Lead


def test_a_token_that_was_passed_on_is_only_probable_for_the_second_person(shop):
    touch = shop.click()
    text = f"vm_token:{touch.token}"

    shop.process(
        cloud.body(cloud.message(text, sender="5511911110001")),
        cloud.body(cloud.message(text, sender="5511911110002")),
    )
    shop.process(cloud.body(cloud.message(text, sender="5511911110003")))

    confidences = [
        lead.attribution.confidence for lead in shop.rows(Lead).order_by("pk")
    ]
    assert (
        sorted(confidences) == ["certain", "probable", "probable"]
        or confidences[2] == "probable"
    )
    touch.refresh_from_db()
    assert touch.lead == shop.rows(Lead).order_by("pk").first()


def test_a_lead_that_waited_under_its_token_is_joined(shop):
    waiting = Lead.objects.create(
        workspace=shop.workspace,
        name="",
        email="ana@example.com",
        first_touch_token="LANDING-77",
        created_at=timezone.now(),
    )

    shop.process(cloud.body(cloud.message("Olá vm_token:landing-77")))

    lead = shop.rows(Lead).get()
    assert lead == waiting
    assert shop.rows(Identity).get().lead == waiting


@pytest.mark.parametrize("together", [False, True])
def test_a_token_that_was_passed_on_is_probable_and_the_click_stays_with_the_first(
    shop, together
):
    touch = shop.click()
    text = f"Olha isso\nvm_token:{touch.token}"

    first, *others = bring(shop, text, text, text, together=together)

    touch.refresh_from_db()
    assert touch.lead == first
    assert first.first_touch_token == touch.token
    assert first.attribution.confidence == "certain"
    for other in others:
        verdict = other.attribution
        assert (verdict.rule, verdict.confidence) == ("token", "probable")
        assert verdict.touch == touch
        assert other.first_touch_token is None
        assert "it was passed on" in str(verdict.evidence)


@pytest.mark.parametrize("together", [False, True])
def test_a_damaged_token_of_a_click_that_somebody_brought_is_nobody_elses(
    shop, together
):
    touch = shop.click()
    damaged = f"vm_token:{touch.token[:-1]}"

    first, other, alone = bring(
        shop, damaged, damaged, f"código {touch.token}", together=together
    )

    touch.refresh_from_db()
    assert touch.lead == first
    assert first.attribution.touch == touch
    for lead in (other, alone):
        assert lead.attribution.rule == "anonymous"
        assert "belongs to another person" in str(lead.attribution.evidence)


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize("is_clicked", [False, True])
def test_a_lead_that_waits_is_the_first_persons_who_brings_its_token(
    shop, world, together, is_clicked
):
    token = shop.click().token if is_clicked else tokens.new_token()
    waiting = make_leads.lead(world.workspace, first_touch_token=token)
    text = f"vm_token:{token}"

    first, other, _ = bring(shop, text, text, "Oi", together=together)

    assert first == waiting
    assert other != waiting
    assert first.attribution.confidence == "certain"
    assert other.attribution.confidence == "probable"


def test_one_person_may_bring_a_token_twice_at_once(shop):
    touch = shop.click()
    text = f"vm_token:{touch.token}"

    shop.process(*[cloud.body(cloud.message(text)) for _ in range(2)])

    verdicts = shop.rows(Lead).get().attributions.all()
    assert [one.confidence for one in verdicts] == ["certain", "certain"]


def test_a_damaged_token_takes_no_lead_that_waits_under_it(shop, world):
    touch = shop.click()
    waiting = make_leads.lead(world.workspace, first_touch_token=touch.token)

    [row] = shop.process(cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}")))

    assert row.state == "done", row.error
    lead = shop.rows(Identity).get().lead
    waiting.refresh_from_db()
    assert lead != waiting
    assert (lead.first_touch_token, waiting.first_touch_token) == (None, touch.token)
    assert lead.attribution.confidence == "probable"
    assert lead.attribution.touch == touch
