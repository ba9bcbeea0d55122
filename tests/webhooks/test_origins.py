from datetime import timedelta

from django.utils import timezone

from tests.factories import cloud_api as cloud
from whatsapp.models import (
    Identity,
    Lead,
)
from whatsapp.services import corrections


def test_a_token_in_the_text_names_the_click(shop):
    touch = shop.click()

    shop.process(
        cloud.body(cloud.message(f"Quero saber mais *vm_token:{touch.token}*"))
    )

    lead = shop.rows(Lead).get()
    touch.refresh_from_db()
    assert (lead.attribution.rule, lead.attribution.confidence) == ("token", "certain")
    assert lead.attribution.touch == touch
    assert lead.first_touch_token == touch.token
    assert touch.lead == lead
    assert not lead.is_anonymous


def test_a_damaged_token_is_rescued_as_probable(shop):
    touch = shop.click()
    damaged = touch.token[1] + touch.token[0] + touch.token[2:]
    if damaged == touch.token:
        damaged = touch.token[:-1]

    shop.process(cloud.body(cloud.message(f"vm_token:{damaged}")))

    verdict = shop.rows(Lead).get().attribution
    assert (verdict.rule, verdict.confidence) == ("token_rescue", "probable")
    assert verdict.touch == touch


def test_a_damaged_token_of_an_old_click_is_not_rescued(shop):
    touch = shop.click(at=timezone.now() - timedelta(hours=73))

    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}")))

    verdict = shop.rows(Lead).get().attribution
    assert verdict.rule == "anonymous"
    assert any("72 hours" in step.get("refused", "") for step in verdict.evidence)


def test_an_origin_corrected_by_hand_stays_when_a_token_arrives(shop, world):
    shop.process(cloud.body(cloud.message("Oi")))
    lead = shop.rows(Lead).get()
    by_hand = corrections.correct_origin(
        lead,
        reason="Indicação de uma cliente",
        actor=world.owner,
        seen=lead.attribution_id,
        now=timezone.now(),
    )
    touch = shop.click()

    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token}")))

    lead.refresh_from_db()
    assert lead.attribution == by_hand
    assert [one.rule for one in lead.attributions.order_by("pk")] == [
        "anonymous",
        "manual",
        "token",
    ]


def test_an_intact_token_replaces_a_rescued_one_and_history_stays(shop):
    touch = shop.click()
    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}")))

    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token}")))

    lead = shop.rows(Lead).get()
    assert lead.attribution.rule == "token"
    assert [one.rule for one in lead.attributions.order_by("pk")] == [
        "token_rescue",
        "token",
    ]


def test_first_touch_is_never_overwritten_by_a_later_one(shop):
    first, later = shop.click(), shop.click()
    shop.process(cloud.body(cloud.message(f"vm_token:{first.token}")))

    shop.process(cloud.body(cloud.message(f"vm_token:{later.token}")))

    lead = shop.rows(Lead).get()
    assert lead.attribution.touch == first
    assert lead.first_touch_token == first.token
    assert set(lead.touches.values_list("pk", flat=True)) == {first.pk, later.pk}


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


def test_another_notation_of_the_number_is_the_same_lead(shop):
    shop.process(cloud.body(cloud.message("um", sender="5511987654321")))

    shop.process(cloud.body(cloud.message("dois", sender="551187654321")))

    lead = shop.rows(Lead).get()
    assert {one.value for one in lead.identities.all()} == {
        "5511987654321",
        "551187654321",
    }
    known = lead.attributions.order_by("pk").last()
    assert known.rule == "identity"
    assert "another notation" in str(known.evidence)
    assert lead.attribution.rule == "anonymous"


def test_an_ad_referral_is_kept_with_its_click_id(shop):
    referral = {
        "source_url": "https://fb.me/x",
        "source_type": "ad",
        "source_id": "120",
        "headline": "Bolo",
        "ctwa_clid": "ARA-1",
    }

    shop.process(cloud.body(cloud.message("Oi", referral=referral)))

    lead = shop.rows(Lead).get()
    touch = lead.attribution.touch
    assert (lead.attribution.rule, lead.attribution.confidence) == (
        "referral",
        "certain",
    )
    assert (touch.ctwa_clid, touch.ad_id, touch.source_url) == (
        "ARA-1",
        "120",
        "https://fb.me/x",
    )


def test_a_token_wins_over_a_referral_and_both_touches_are_kept(shop):
    touch = shop.click()
    referral = {"source_id": "120", "ctwa_clid": "ARA-1"}

    shop.process(
        cloud.body(cloud.message(f"vm_token:{touch.token}", referral=referral))
    )

    lead = shop.rows(Lead).get()
    assert lead.attribution.touch == touch
    assert lead.touches.count() == 2
