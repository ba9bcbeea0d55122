"""Why a lead has no origin: the database reads from the evidence what the corridor wrote."""

import dataclasses
from datetime import UTC, datetime

import pytest
from django.db import connection

from integrations.providers.base.types import (
    Direction,
    MessageEvent,
    MessageKind,
    NumberRef,
    Origin,
    Party,
    Referral,
)
from tests.factories import whatsapp as make
from webhooks.attribution import Candidates, TokenMatch, attribute
from whatsapp.models import Attribution, Cause, Lead
from whatsapp.selectors import lead_filters, leads
from whatsapp.selectors.lead_filters import LeadFilter

_MESSAGE = MessageEvent(
    number=NumberRef(),
    external_id="wamid.1",
    direction=Direction.INBOUND,
    origin=Origin.LIVE,
    kind=MessageKind.TEXT,
    peer=Party(wa_id="5511987654321"),
    provider_at=datetime(2026, 3, 10, tzinfo=UTC),
)
_ONE, _TWO = TokenMatch("7KQ2M9XW4T", 1), TokenMatch("7KQ2M9XW4V", 2)
_DAMAGED = "7KQ2M9XW4"


def _rescued(*matches):
    return Candidates(damaged=[_DAMAGED], rescued={_DAMAGED: matches})


SITUATIONS = {
    Cause.NO_TOKEN: (_MESSAGE, Candidates()),
    Cause.UNKNOWN: (_MESSAGE, Candidates(tokens=["7KQ2M9XW4T"])),
    Cause.DAMAGED: (_MESSAGE, _rescued()),
    Cause.AMBIGUOUS: (_MESSAGE, _rescued(_ONE, _TWO)),
    Cause.TAKEN: (_MESSAGE, _rescued(dataclasses.replace(_ONE, lead_id=9))),
    Cause.NAMELESS_AD: (
        dataclasses.replace(_MESSAGE, referral=Referral(source_type="ad")),
        Candidates(),
    ),
    Cause.KNOWN: (
        _MESSAGE,
        Candidates(known_lead_id=3, known_as=["5511987654321"]),
    ),
    Cause.NOT_KEPT: (
        _MESSAGE,
        Candidates(tokens=["7KQ2M9XW4T"], exact={"7KQ2M9XW4T": _ONE}),
    ),
    Cause.WAITED: (
        _MESSAGE,
        Candidates(
            tokens=["7KQ2M9XW4T"],
            exact={"7KQ2M9XW4T": TokenMatch("7KQ2M9XW4T", None, lead_id=3)},
            known_lead_id=3,
        ),
    ),
}


@pytest.mark.parametrize("cause", SITUATIONS)
def test_a_verdict_without_an_origin_knows_its_cause(world, cause):
    event, candidates = SITUATIONS[cause]
    verdict = attribute(event, candidates)
    lead = make.lead(world.workspace)

    stored = make.attribution(
        lead,
        rule=verdict.rule,
        confidence=verdict.confidence,
        evidence=verdict.evidence,
    )

    assert (
        Attribution.objects.for_workspace(lead.workspace).get(pk=stored.pk).cause
        == cause
    )
    found = leads.list_leads(world.workspace, filters=LeadFilter(reason=cause))
    assert [row.key for row in found.rows] == [lead.key]


def test_what_a_known_person_brought_is_told_before_that_they_were_known(world):
    known = {"known_lead_id": 3, "known_as": ["5511987654321"]}
    lead = make.lead(world.workspace)
    for cause in (Cause.UNKNOWN, Cause.DAMAGED, Cause.NAMELESS_AD):
        event, candidates = SITUATIONS[cause]
        verdict = attribute(event, dataclasses.replace(candidates, **known))

        stored = make.attribution(lead, rule="identity", evidence=verdict.evidence)

        assert (verdict.rule, stored.cause) == ("identity", cause)


def test_one_that_was_corrected_to_no_origin_says_so(world):
    lead = make.lead(world.workspace)

    assert make.attribution(lead, rule="manual").cause == Cause.BY_HAND


@pytest.mark.parametrize("evidence", [[], {}, "?", [1, None], [{"step": 3}]])
def test_evidence_that_nobody_understands_is_another_reason(world, evidence):
    lead = make.lead(world.workspace)

    assert make.attribution(lead, evidence=evidence).cause == Cause.OTHER


def test_an_origin_has_no_cause_until_its_click_is_gone(world):
    lead = make.lead(world.workspace)
    touch = make.touch(lead)
    verdict = make.attribution(lead, touch=touch)
    assert verdict.cause == ""

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE whatsapp_attribution SET touch_id = NULL WHERE id = %s",
            [verdict.pk],
        )
    verdict.refresh_from_db()

    assert verdict.cause == Cause.NOT_KEPT


def test_a_lead_without_a_verdict_has_not_written(world):
    lead = make.lead(world.workspace)
    make.attribution(make.lead(world.workspace, name="Bia"))

    found = leads.list_leads(world.workspace, filters=LeadFilter(reason=Cause.UNHEARD))

    assert [row.key for row in found.rows] == [lead.key]


def test_more_touches_than_a_few_are_found_as_well(world, monkeypatch):
    monkeypatch.setattr(lead_filters, "FEW", 2)
    for place in range(4):
        lead = make.lead(world.workspace, name=f"P{place}")
        touch = make.touch(lead, utm_campaign="pascoa")
        make.attribution(
            lead, touch=touch, confidence="probable" if place else "certain"
        )

    def names(**filters):
        page = leads.list_leads(world.workspace, filters=LeadFilter(**filters))
        return {row.person.name for row in page.rows}

    assert names(campaign="pascoa") == {"P0", "P1", "P2", "P3"}
    assert names(campaign="pascoa", confidence="certain") == {"P0"}
    assert names(campaign="natal") == set()
    assert Lead.objects.for_workspace(world.workspace).count() == 4
