"""Where a lead came from: its token, a damaged one, a referral, and what is written down of it."""

import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts.scoping import workspace_transaction
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make
from tests.factories import whatsapp as make_leads
from tests.walls import as_app
from tests.webhooks.bringing import PEOPLE, bring
from webhooks import selectors
from whatsapp import tokens
from whatsapp.models import Attribution, Lead
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


def test_the_72_hours_end_when_the_message_came_in_and_not_when_it_is_read(shop):
    clicked = timezone.now() - timedelta(days=9)
    touch = shop.click(at=clicked)
    late = shop.receive(cloud.body(cloud.message(f"vm_token:{touch.token[:-1]}")))
    late.received_at = clicked + timedelta(hours=71)
    late.save(update_fields=["received_at"])

    shop.process()

    assert shop.rows(Lead).get().attribution.touch == touch


@pytest.mark.parametrize("text", ["um_token:{}", "o código é {}, obrigada", "{}"])
def test_a_token_without_its_mark_is_probable(shop, text):
    touch = shop.click()

    shop.process(cloud.body(cloud.message(text.format(touch.token.lower()))))

    verdict = shop.rows(Lead).get().attribution
    assert (verdict.rule, verdict.confidence) == ("token_rescue", "probable")
    assert verdict.touch == touch
    assert "lost its mark" in str(verdict.evidence)


def test_a_token_without_its_mark_means_nothing_on_another_number(shop, world):
    touch = shop.click()
    touch.channel = make.channel(world.workspace, phone="+5511955550000")
    touch.save(update_fields=["channel"])

    shop.process(cloud.body(cloud.message(f"{touch.token} vm_token:{touch.token[1:]}")))

    assert shop.rows(Lead).get().attribution.touch is None


def test_a_word_that_only_looks_like_a_token_keeps_no_verdict_of_its_own(shop):
    word = tokens.new_token()
    shop.process(cloud.body(cloud.message("Oi")))

    shop.process(cloud.body(cloud.message(f"meu cupom é {word}")))

    verdicts = shop.rows(Lead).get().attributions.all()
    assert [one.rule for one in verdicts] == ["anonymous"]


def test_two_clicks_that_could_be_meant_are_both_refused(shop):
    one, other, damaged = near_tokens()
    for token in (one, other):
        touch = shop.click()
        touch.token = token
        touch.save(update_fields=["token"])

    shop.process(cloud.body(cloud.message(f"vm_token:{damaged}")))

    verdict = shop.rows(Lead).get().attribution
    assert verdict.rule == "anonymous"
    assert any("more than one" in step.get("refused", "") for step in verdict.evidence)


def near_tokens():
    """Two intact tokens and a damaged one that is one slip away from both."""
    damaged = tokens.new_token()[:-1]
    one, other, *_ = tokens.rescues(damaged)
    return one, other, damaged


def test_whether_a_lead_has_met_its_person_is_asked_of_that_lead_alone(shop):
    touch = shop.click()
    shop.process(cloud.body(cloud.message(f"vm_token:{touch.token}")))
    met = shop.rows(Lead).get()
    # So many that the planner has a reason to choose: of a handful any index will do.
    for number in range(300):
        other = make_leads.lead(shop.workspace, name=f"Lead {number}")
        make_leads.identity(other, value=f"49151000{number:05}")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE whatsapp_identity, whatsapp_lead, whatsapp_touch")
    sent = []

    def catch(execute, sql, params, many, context):
        sent.append((sql, params))
        return execute(sql, params, many, context)

    with as_app(), workspace_transaction(shop.workspace.pk):
        with connection.execute_wrapper(catch):
            matches = selectors.token_matches(shop.workspace.pk, [touch.token])
        [(sql, params)] = [one for one in sent if "carried" in one[0]]
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}", params)
            plan = [line for (line,) in cursor.fetchall()]

    assert matches[touch.token].lead_id == met.pk
    asked = [line for line in plan if "on whatsapp_identity" in line]
    assert asked
    assert all("whatsapp_identity_lead_id" in line for line in asked), plan


def test_attributions_are_logged_by_ids_alone(
    shop, caplog, django_capture_on_commit_callbacks
):
    touch = shop.click()
    caplog.set_level(logging.INFO, "integrations")

    with django_capture_on_commit_callbacks(execute=True):
        shop.process(
            cloud.body(
                cloud.message(f"vm_token:{touch.token}", sender="5511911110001")
            ),
            cloud.body(
                cloud.message("Bom dia, segredo", sender="5511911110002", name="Ana")
            ),
        )

    told = [one for one in caplog.records if one.msg.startswith("attribution")]
    told.sort(key=lambda one: one.rule, reverse=True)
    assert [(one.msg, one.rule, one.confidence) for one in told] == [
        ("attribution success", "token", "certain"),
        ("attribution failure", "anonymous", "none"),
    ]
    assert (told[0].touch_id, told[0].channel_id) == (touch.pk, shop.channel.pk)
    assert told[0].workspace_id == shop.workspace.pk
    written = str([vars(one) for one in told])
    for private in (touch.token, "segredo", "5511911110001", "5511911110002", "Ana"):
        assert private not in written


def test_a_verdict_is_logged_as_a_success_where_the_report_counts_an_origin(
    shop, world, caplog, django_capture_on_commit_callbacks
):
    known = make_leads.lead(world.workspace, name="Ana")
    make_leads.identity(known, kind="wa_id", value=PEOPLE[0])
    token = tokens.new_token()
    make_leads.lead(world.workspace, first_touch_token=token)
    texts = ("Oi de novo", f"vm_token:{token}", f"vm_token:{shop.click().token}")
    caplog.set_level(logging.INFO, "integrations")

    with django_capture_on_commit_callbacks(execute=True):
        bring(shop, *texts, together=True)
        shop.process(
            cloud.body(
                cloud.message(
                    "Vi o anúncio",
                    sender="5541954321098",
                    referral={"source_type": "ad", "source_id": "1"},
                )
            )
        )

    told = [one for one in caplog.records if one.msg.startswith("attribution")]
    causes = {one.lead_id: one.cause for one in shop.rows(Attribution)}
    assert [(one.rule, one.msg, causes[one.lead_id]) for one in told] == [
        ("identity", "attribution failure", "known"),
        ("token", "attribution failure", "waited"),
        ("token", "attribution success", ""),
        ("referral", "attribution success", ""),
    ]


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
