"""An origin corrected by hand: on top of everything, nothing lost, said only once."""

import re

import pytest

from accounts import audit
from accounts.models import AuditEvent
from tests.factories import accounts as make_room_0
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from whatsapp.models import Attribution, Confidence, Rule, Touch
from whatsapp.selectors import leads
from whatsapp.services import corrections
from whatsapp.services.people import origin_rank


@pytest.fixture
def channel(world):
    return make_room_1.channel(world.workspace)


@pytest.fixture
def lead(world):
    lead = make.lead(world.workspace)
    make.identity(lead)
    make.attribution(lead)
    return lead


def _address(lead):
    return f"/w/padaria/leads/{lead.key}/origin/"


def _form(lead, origin, *, reason="Disse ao telefone", seen=None):
    return {"origin": origin, "reason": reason, "seen": seen or lead.attribution_id}


def _verdicts(lead):
    return Attribution.objects.for_workspace(lead.workspace_id).filter(lead=lead)


def test_a_link_named_by_hand_counts_from_now_on(world, channel, lead, signed_in):
    audit.record(workspace=world.workspace, action="workspace.added")
    link = make.link(channel, slug="vitrine", utm_campaign="inverno")
    before = lead.attribution

    page = signed_in(world.agent).post(
        _address(lead), _form(lead, f"link-{link.key.hex}"), follow=True
    )

    lead.refresh_from_db()
    verdict = lead.attribution
    assert verdict.rule == Rule.MANUAL
    assert verdict.confidence == Confidence.CERTAIN
    assert (verdict.actor, verdict.reason) == (world.agent, "Disse ao telefone")
    assert verdict.touch.link == link
    assert verdict.touch.utm_campaign == "inverno"
    assert verdict.touch.token is None
    assert not lead.is_anonymous
    assert before in _verdicts(lead)  # nothing is deleted
    shown = page.content.decode()
    assert "Disse ao telefone" in shown
    assert "vitrine" in shown
    entry = AuditEvent.objects.for_workspace(world.workspace).get(sequence=2)
    assert (entry.action, entry.target) == ("lead.origin_corrected", str(lead.key))
    assert "telefone" not in str(entry.details)
    assert audit.verify(world.workspace).is_intact


def test_one_of_the_leads_touches_and_no_origin(world, channel, lead, signed_in):
    touch = make.touch(lead, link=make.link(channel), token="7GK2M9XQ4C")
    client = signed_in(world.agent)

    client.post(_address(lead), _form(lead, f"touch-{touch.pk}"))
    lead.refresh_from_db()
    assert lead.attribution.touch == touch
    client.post(_address(lead), _form(lead, "none", reason="Engano"))
    lead.refresh_from_db()

    assert lead.attribution.touch is None
    assert lead.attribution.confidence == Confidence.NONE
    assert lead.is_anonymous
    assert [one.reason for one in _verdicts(lead).order_by("id")] == [
        "",
        "Disse ao telefone",
        "Engano",
    ]


@pytest.mark.parametrize("confidence", Confidence.values)
def test_a_correction_outranks_whatever_a_message_brings(confidence):
    by_hand = origin_rank(Rule.MANUAL, confidence, None)

    assert by_hand > origin_rank(Rule.TOKEN, Confidence.CERTAIN, 1)


def test_sent_twice_it_is_one_correction(world, channel, lead, signed_in):
    link = make.link(channel)
    form = _form(lead, f"link-{link.key.hex}")
    client = signed_in(world.agent)

    for _ in range(2):
        assert client.post(_address(lead), form).status_code == 302

    assert _verdicts(lead).count() == 2
    assert Touch.objects.for_workspace(world.workspace).count() == 1


@pytest.mark.parametrize("seen", [None, "", "x", "-1", "9" * 30])
def test_a_page_that_is_out_of_date_corrects_nothing_and_keeps_the_words(
    world, lead, signed_in, seen
):
    form = _form(lead, "none") | ({} if seen is None else {"seen": seen})
    make.attribution(lead, touch=make.touch(lead))  # a message came in
    client = signed_in(world.agent)

    page = client.post(_address(lead), form)

    assert page.status_code == 409
    assert not _verdicts(lead).filter(rule=Rule.MANUAL).exists()
    html = page.content.decode()
    assert "Disse ao telefone</textarea>" in html
    assert 'role="alert"' in html
    # Sent again after a look, it is a correction of what counts now.
    [now] = re.findall(r'name="seen" value="(\d+)"', html)
    assert client.post(_address(lead), form | {"seen": now}).status_code == 302
    assert _verdicts(lead).filter(rule=Rule.MANUAL).count() == 1


@pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
def test_a_correction_needs_a_reason_of_bearable_length(world, lead, signed_in, reason):
    page = signed_in(world.agent).post(
        _address(lead), _form(lead, "none", reason=reason)
    )

    assert page.status_code == 200
    assert 'aria-invalid="true"' in page.content.decode()
    assert _verdicts(lead).count() == 1


def test_touches_and_links_of_others_are_no_choice(world, channel, lead, signed_in):
    stranger = make.lead(world.workspace)
    foreign = make.link(make_room_1.channel(world.other_workspace), slug="alheio")
    client = signed_in(world.agent)

    for origin in (
        f"touch-{make.touch(stranger).pk}",
        f"link-{foreign.key.hex}",
        "touch-0",
        "outra coisa",
        "",
    ):
        assert client.post(_address(lead), _form(lead, origin)).status_code == 200

    assert _verdicts(lead).count() == 1
    assert "alheio" not in client.get(_address(lead)).content.decode()


def test_the_service_itself_refuses_what_is_not_the_leads(world, channel, lead):
    merged = make.lead(world.workspace, merged_into=lead)
    foreign = make.link(make_room_1.channel(world.other_workspace), slug="alheio")
    told = {"reason": "x", "actor": world.agent, "now": make.NOON}

    for one, origin in (
        (lead, {"touch": make.touch(merged), "seen": lead.attribution_id}),
        (lead, {"link": foreign, "seen": lead.attribution_id}),
        (merged, {"seen": None}),
    ):
        with pytest.raises(corrections.CorrectionInvalid):
            corrections.correct_origin(one, **origin, **told)


def test_a_lead_without_any_verdict_can_be_corrected(world, signed_in):
    lead = make.lead(world.workspace)

    signed_in(world.agent).post(
        _address(lead), {"origin": "none", "reason": "Feira", "seen": ""}
    )

    assert _verdicts(lead).get().rule == Rule.MANUAL


def test_viewers_only_look(world, lead, signed_in):
    viewer = make_room_0.user(email="viewer@example.com")
    make_room_0.membership(world.workspace, viewer, role="viewer")
    client = signed_in(viewer)

    for page in ("origin", "edit", "notes"):
        url = f"/w/padaria/leads/{lead.key}/{page}/"
        assert client.get(url).status_code == 403
        assert client.post(url, _form(lead, "none")).status_code == 403
    shown = client.get(f"/w/padaria/leads/{lead.key}/").content.decode()

    assert "/origin/" not in shown
    assert "/edit/" not in shown
    assert "<textarea" not in shown
    assert _verdicts(lead).count() == 1


def test_foreign_leads_are_not_written_to(world, signed_in):
    foreign = make.lead(world.other_workspace)
    merged = make.lead(world.other_workspace, merged_into=foreign)
    client = signed_in(world.agent)

    for page in ("origin", "edit", "notes"):
        for key in (merged.key, foreign.key):
            url = f"/w/padaria/leads/{key}/{page}/"
            assert client.get(url).status_code == 404
            assert client.post(url, {"text": "x"}).status_code == 404


def test_the_message_a_verdict_was_made_on_is_shown_beside_it(
    world, channel, lead, signed_in
):
    conversation = make.conversation(lead, channel)
    make.message(conversation, text="Oi vm_token:7GK2M9XQ4C", external_id="m1")
    make.attribution(
        lead, channel=channel, message_external_id="m1", touch=make.touch(lead)
    )

    view = leads.find_lead(world.workspace, key=lead.key)
    shown = signed_in(world.agent).get(f"/w/padaria/leads/{lead.key}/").content.decode()

    assert view is not None
    assert [one.text for one in view.messages.values()] == ["Oi vm_token:7GK2M9XQ4C"]
    assert "Oi vm_token:7GK2M9XQ4C</blockquote>" in shown
    assert str(conversation.key) in shown
