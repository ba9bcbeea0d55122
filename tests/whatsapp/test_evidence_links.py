"""From a step of the evidence to the touch it found, and back."""

from datetime import timedelta

import pytest

from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.selectors import evidence


@pytest.fixture
def lead(world):
    return make.lead(world.workspace)


@pytest.fixture
def page(world, lead, signed_in):
    def read():
        answer = signed_in(world.agent).get(f"/w/padaria/leads/{lead.key}/")
        return answer.content.decode()

    return read


def test_a_click_in_the_evidence_leads_to_its_touch_and_back(world, lead, page):
    channel = make_room_1.channel(world.workspace)
    touch = make.touch(lead, link=make.link(channel), token="7KQ2M9XW4T")
    found = {"token": touch.token, "touch": touch.pk, "lead": lead.pk}
    verdict = make.attribution(
        lead, touch=touch, evidence=[{"step": "token", "found": found}]
    )
    later = make.attribution(
        lead,
        touch=touch,
        rule="token_rescue",
        evidence=[{"step": "token_rescue", "found": [found, found]}],
        decided_at=make.NOON + timedelta(days=1),
    )

    html = page()

    assert html.count(f'href="#touch-{touch.pk}"') == 2  # one of each verdict
    assert html.count(f'id="touch-{touch.pk}"') == 1
    for one in (verdict, later):
        assert html.count(f'href="#verdict-{one.pk}"') == 1
        assert html.count(f'id="verdict-{one.pk}"') == 1


def test_a_verdict_whose_steps_name_no_touch_leads_to_its_own(lead, page):
    touch = make.touch(lead, kind="ad", headline="Bolo")
    make.attribution(
        lead, touch=touch, evidence=[{"step": "referral", "found": {"source_id": "1"}}]
    )

    assert page().count(f'href="#touch-{touch.pk}"') == 1


def test_what_is_not_on_the_page_is_no_link(world, lead, page):
    stranger = make.touch(make.lead(world.workspace))
    foreign = make.touch(make.lead(world.other_workspace))
    make.attribution(
        lead,
        rule="token",
        evidence=[
            {"step": "token", "found": {"touch": one}}
            for one in (stranger.pk, foreign.pk, "1", None, -1, [1], {"a": 1}, True)
        ],
    )

    assert 'href="#touch-' not in page()


@pytest.mark.parametrize("found", [None, "x", 3, [], [None, "x"], {"touch": {}}, [[1]]])
def test_evidence_of_any_shape_is_read(found):
    [step] = evidence.read([{"step": "token", "found": found}], touches={1})

    assert step.touches == ()
