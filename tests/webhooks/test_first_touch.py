"""Which touch counts when messages come in late, at once, forwarded or in any order."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import cloud_api as cloud
from tests.factories import whatsapp as make
from tests.webhooks.test_reunions import both, hidden
from whatsapp.models import Attribution, Cause, Identity, Lead, LeadMerge, Message
from whatsapp.services import corrections, merging

ANA, BIA = "5511911110001", "5511911110002"
WAITING = "LANDING-77"


def _waiting(shop):
    return Lead.objects.create(
        workspace=shop.workspace,
        name="Ana Lima",
        email="ana@example.com",
        first_touch_token=WAITING,
        created_at=timezone.now() - timedelta(days=1),
    )


def _lead_of(shop, number):
    return Identity.objects.for_workspace(shop.workspace).get(value=number).lead


def _at(moment):
    return int(moment.timestamp())


@pytest.mark.parametrize("is_one_body", [False, True])
def test_the_earlier_click_counts_though_its_message_comes_in_last(shop, is_one_body):
    now = timezone.now()
    first = shop.click(at=now - timedelta(hours=3))
    later = shop.click(at=now - timedelta(hours=1))
    began = now - timedelta(hours=2, minutes=50)
    messages = [
        cloud.message(f"vm_token:{later.token}", at=_at(now - timedelta(minutes=50))),
        cloud.message(f"vm_token:{first.token}", at=_at(began)),
    ]

    if is_one_body:
        shop.process(cloud.body(*messages))
    else:
        for message in messages:
            shop.process(cloud.body(message))

    lead = shop.rows(Lead).get()
    assert lead.attribution.touch == first
    assert lead.first_touch_token == first.token
    assert lead.created_at == began.replace(microsecond=0)


def test_an_origin_corrected_by_hand_stays_when_the_waiting_lead_is_met(shop, world):
    lead = _waiting(shop)
    by_hand = corrections.correct_origin(
        lead,
        link=make.link(shop.channel),
        reason="Instagram",
        actor=world.owner,
        seen=None,
        now=timezone.now(),
    )

    shop.process(cloud.body(cloud.message(f"Olá vm_token:{WAITING}")))

    lead.refresh_from_db()
    assert lead.attribution == by_hand
    assert lead.identities.exists()


def test_a_waiting_lead_is_joined_with_the_known_person_who_brings_its_token(
    shop, world
):
    shop.process(cloud.body(cloud.message("Oi", sender=ANA)))
    waiting, text = _waiting(shop), f"Olá vm_token:{WAITING}"

    shop.process(cloud.body(cloud.message(text, sender=ANA)))
    shop.process(cloud.body(cloud.message(text, sender=BIA, name="Bia")))

    ana, bia = _lead_of(shop, ANA), _lead_of(shop, BIA)
    waiting.refresh_from_db()
    assert waiting.merged_into == ana
    assert ana.email == "ana@example.com"
    assert (bia.name, bia.email) == ("Bia", "")
    assert bia.attribution.confidence == "probable"
    merge = shop.rows(LeadMerge).get()
    assert merge.evidence[0]["found"] == {"token": WAITING}
    merging.undo(merge, reason="não é ela", actor=world.owner, now=timezone.now())
    waiting.refresh_from_db()
    assert waiting.email == "ana@example.com"
    assert not waiting.identities.exists()


def test_a_waiting_lead_told_apart_from_a_known_person_is_not_joined_again(shop, world):
    shop.process(cloud.body(cloud.message("Oi", sender=ANA)))
    waiting = _waiting(shop)
    body = cloud.message(f"Olá vm_token:{WAITING}", sender=ANA)
    shop.process(cloud.body(body))
    merging.undo(
        shop.rows(LeadMerge).get(),
        reason="não é ela",
        actor=world.owner,
        now=timezone.now(),
    )

    again = cloud.message(f"De novo vm_token:{WAITING}", sender=ANA)
    shop.process(cloud.body(again))

    waiting.refresh_from_db()
    assert waiting.merged_into is None
    assert shop.rows(Message).count() == 3


@pytest.mark.parametrize("is_together", [False, True])
def test_a_guess_yields_the_click_to_whoever_brings_its_token_whole(shop, is_together):
    touch = shop.click()
    bodies = [
        cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}", sender=ANA)),
        cloud.body(cloud.message(f"vm_token:{touch.token}", sender=BIA)),
    ]

    if is_together:
        shop.process(*bodies)
    else:
        for body in bodies:
            shop.process(body)

    guessed, brought = _lead_of(shop, ANA), _lead_of(shop, BIA)
    touch.refresh_from_db()
    assert touch.lead == brought
    assert brought.attribution.confidence == "certain"
    assert "passed on" not in str(brought.attribution.evidence)
    assert guessed.attribution.confidence == "probable"


def test_a_token_of_ones_own_counts_beside_a_forwarded_one(shop):
    mine, theirs = shop.click(), shop.click()
    shop.process(cloud.body(cloud.message(f"vm_token:{theirs.token}", sender=ANA)))

    text = f"Olha:\nvm_token:{theirs.token}\nvm_token:{mine.token}"
    shop.process(cloud.body(cloud.message(text, sender=BIA)))

    verdict = _lead_of(shop, BIA).attribution
    mine.refresh_from_db()
    assert (verdict.touch, verdict.confidence) == (mine, "certain")
    assert mine.lead == _lead_of(shop, BIA)


def test_a_click_after_the_message_came_in_is_not_what_it_meant(shop):
    touch = shop.click()
    late = shop.receive(cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}")))
    late.received_at = touch.occurred_at - timedelta(seconds=1)
    late.save(update_fields=["received_at"])

    shop.process()

    assert shop.rows(Lead).get().attribution.touch is None


def test_two_phones_that_one_id_joins_keep_their_own_threads(shop):
    shop.process(cloud.body(cloud.message("oi", sender=ANA)))
    shop.process(cloud.body(cloud.message("oi", sender=BIA)))
    ana, bia = _lead_of(shop, ANA), _lead_of(shop, BIA)

    shop.process(both("de Ana", phone=ANA), both("de Bia", phone=BIA))

    for text, lead in (("de Ana", ana), ("de Bia", bia)):
        assert shop.rows(Message).get(text=text).conversation.lead == lead


def test_a_first_phone_is_not_called_another_notation(shop):
    shop.process(hidden())
    shop.process(both())

    told = str([one.evidence for one in shop.rows(Attribution)])
    assert "another notation" not in told
    assert "this number is new" in told


def test_of_a_lead_without_origin_the_cause_that_tells_more_counts(shop):
    shop.process(cloud.body(cloud.message("Oi")))
    shop.process(cloud.body(cloud.message("vm_token:7GK2M9XQ4Z")))
    shop.process(cloud.body(cloud.message("Alguém aí?")))

    assert shop.rows(Lead).get().attribution.cause in {Cause.UNKNOWN, Cause.DAMAGED}
