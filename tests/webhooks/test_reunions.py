"""A hidden id and a business-scoped id join the phone behind them, whichever came first."""

from pathlib import Path

import pytest

from tests import walls
from tests.factories import cloud_api as cloud
from tests.factories import integrations as make_room_1
from tests.factories import whatsapp as make
from tests.webhooks.conftest import Shop
from webhooks import inbox, processing
from whatsapp.models import (
    Conversation,
    Identity,
    Lead,
    LeadMerge,
    LeadPair,
    Message,
    WaitingStatus,
)
from whatsapp.services import merging

PHONE, BSUID = "5511987654321", "BR.1349120865530274"
_GOLDEN = Path("tests/integrations/providers")


def hidden(text="Oi", **fields):
    """A message of somebody whose phone Meta does not tell."""
    told = cloud.message(text, from_user_id=BSUID, **fields)
    del told["from"]
    contact = {"profile": {"name": told.pop("_name")}, "user_id": BSUID}
    return _body(told, contact)


def both(text="Oi", *, phone=PHONE, **fields):
    """A message that names phone and business-scoped id side by side."""
    told = cloud.message(text, sender=phone, from_user_id=BSUID, **fields)
    contact = {"profile": {"name": told.pop("_name")}, "wa_id": phone, "user_id": BSUID}
    return _body(told, contact)


def _body(message, contact):
    value = {
        "messaging_product": "whatsapp",
        "metadata": cloud.METADATA,
        "contacts": [contact],
        "messages": [message],
    }
    return cloud.envelope({"field": "messages", "value": value})


def phone_alone(text="Oi", **fields):
    return cloud.body(cloud.message(text, **fields))


def leads(shop):
    return shop.rows(Lead).filter(merged_into=None)


def test_an_id_that_came_first_takes_the_phone_when_it_is_told(shop):
    shop.process(hidden("sem número"))
    shop.process(both("agora com número", at=1_760_000_100))
    shop.process(phone_alone("só o número", at=1_760_000_200))

    lead = shop.rows(Lead).get()
    kinds = set(lead.identities.values_list("kind", "value"))
    assert kinds == {("wa_id", PHONE), ("bsuid", BSUID)}
    assert shop.rows(Conversation).get().message_count == 3
    assert not shop.rows(LeadMerge).exists()


def test_two_leads_are_joined_when_their_names_are_told_side_by_side(shop):
    shop.process(phone_alone("um", at=1_760_000_000))
    shop.process(hidden("dois", at=1_760_000_100))
    assert leads(shop).count() == 2

    (row,) = shop.process(both("três", at=1_760_000_200))

    assert (row.state, row.error) == ("done", "")
    lead = leads(shop).get()
    merge = shop.rows(LeadMerge).get()
    assert lead.identities.filter(value=PHONE).exists()  # a phone decides
    assert (merge.stays, merge.actor, merge.reason) == (lead, None, "")
    (step,) = merge.evidence
    assert step["found"] == {"phone": [PHONE], "bsuid": [BSUID]}
    assert step["why"] == "the provider told these names for one person"
    threads = shop.rows(Conversation).order_by("pk")
    assert {thread.lead for thread in threads} == {lead}
    assert sorted(thread.state for thread in threads) == ["closed", "open"]
    assert sum(thread.message_count for thread in threads) == 3


def test_one_batch_with_everything_of_a_person_makes_one_lead(shop):
    shop.process(
        phone_alone("um"),
        hidden("dois"),
        both("três"),
        phone_alone("quatro"),
    )

    assert leads(shop).count() == 1
    texts = shop.rows(Message).filter(conversation__lead=leads(shop).get())
    assert texts.count() == 4


def test_joined_leads_are_parted_and_never_joined_by_themselves_again(shop, world):
    shop.process(phone_alone(), hidden())
    shop.process(both("juntos"))
    merge = shop.rows(LeadMerge).get()

    merging.undo(merge, reason="São duas", actor=world.agent, now=make.NOON)
    shop.process(both("de novo"))

    assert leads(shop).count() == 2
    assert shop.rows(LeadMerge).count() == 1
    last = shop.rows(Message).get(text="de novo")
    assert last.conversation.lead.identities.filter(value=PHONE).exists()


def test_two_different_phones_are_only_suspected_of_being_one_person(shop):
    """The id was told beside another phone before: who errs is for a person to say."""
    shop.process(both("o primeiro", phone="5511911112222"))
    shop.process(phone_alone("o outro"))

    shop.process(both("outro número, mesmo id"))

    assert leads(shop).count() == 2
    pair = shop.rows(LeadPair).get()
    assert (pair.verdict, pair.actor) == ("suspected", None)
    assert pair.evidence[0]["found"] == {"phone": [PHONE], "bsuid": [BSUID]}
    shop.process(both("e mais uma vez"))
    assert shop.rows(LeadPair).count() == 1


def test_other_notations_of_the_phone_are_no_second_phone(shop):
    shop.process(both("com nono dígito"))
    shop.process(phone_alone("sem", sender="551187654321"))

    assert shop.rows(Lead).count() == 1
    assert not shop.rows(LeadPair).exists()


def changed_number(old, new):
    message = {
        "from": old,
        "id": f"wamid.change.{old}",
        "timestamp": "1760000300",
        "type": "system",
        "system": {
            "type": "user_changed_number",
            "body": "changed",
            "wa_id": new,
            "new_wa_id": new,
        },
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": cloud.METADATA,
        "messages": [message],
    }
    return cloud.envelope({"field": "messages", "value": value})


def test_a_number_that_became_another_joins_the_leads_of_both(shop):
    new = "5511955556666"
    shop.process(phone_alone("antes"), phone_alone("depois", sender=new))
    assert leads(shop).count() == 2

    (row,) = shop.process(changed_number(PHONE, new))

    assert row.state == "done"
    lead = leads(shop).get()
    assert set(lead.identities.values_list("value", flat=True)) == {PHONE, new}
    why = shop.rows(LeadMerge).get().evidence[0]["why"]
    assert why == "the provider told that one of these names became the other"


def test_a_number_that_became_one_that_nobody_knows_is_another_name(shop):
    shop.process(phone_alone("antes"))
    shop.process(changed_number(PHONE, "5511955556666"))
    shop.process(phone_alone("depois", sender="5511955556666"))

    assert shop.rows(Lead).count() == 1
    texts = shop.rows(Message).filter(conversation=shop.rows(Conversation).get())
    assert {"antes", "depois"} <= set(texts.values_list("text", flat=True))


def test_people_who_are_joined_bring_their_first_touch_along(shop):
    touch = shop.click()
    shop.process(hidden(f"Oi vm_token:{touch.token}"))
    shop.process(phone_alone("depois", at=1_760_000_100))

    shop.process(both("três", at=1_760_000_200))

    lead = leads(shop).get()
    assert lead.attribution.touch == touch
    assert (lead.first_touch_token, lead.is_anonymous) == (touch.token, False)


def test_a_token_that_waits_with_a_lead_that_went_belongs_to_the_one_that_stayed(
    shop, world
):
    waiting = make.lead(world.workspace, name="", first_touch_token="AAAA000000")
    other = make.lead(world.workspace, name="", first_touch_token="BBBB000000")
    merging.merge(waiting, into=other, reason="x", actor=world.agent, now=make.NOON)

    shop.process(phone_alone("Oi vm_token:AAAA000000"))

    lead = leads(shop).get()
    assert lead == other
    assert lead.identities.get().value == PHONE


def test_an_echo_that_waited_for_the_phone_joins_the_thread_of_the_id(shop):
    shop.process(hidden("Oi"), cloud.echo("Podemos ajudar?", to=PHONE))
    assert shop.rows(Message).filter(conversation=None).count() == 1

    shop.process(both("Sim", at=1_760_000_300))

    assert not shop.rows(Message).filter(conversation=None).exists()
    assert not shop.rows(WaitingStatus).exists()
    assert shop.rows(Conversation).get().message_count == 3


def _number(world, provider, **fields):
    connected = make_room_1.integration(world.workspace, provider=provider)
    channel = make_room_1.channel(
        world.workspace, provider=provider, integration=connected, **fields
    )
    return Shop(world.workspace, connected, channel)


def _golden(provider, case):
    return (_GOLDEN / provider / "inbound" / case / "body.json").read_bytes()


def _meta(body):
    """A golden body, for the number of this shop."""
    return body.replace(b"106000000000001", b"106540352242922")


@pytest.mark.parametrize(
    ("provider", "fields", "alone", "beside", "key"),
    [
        (
            "evolution",
            {"phone": "+5511987654321", "external_id": None},
            "text_of_lid_alone",
            "text_of_lid_beside_phone",
            "l:98765432101234@lid",
        ),
        (
            "waha",
            {"phone": "+5511987654321", "external_id": None},
            "lid_only",
            "lid_with_phone",
            "l:37830675939455@lid",
        ),
        (
            "meta_cloud",
            {"phone": "+551140028922", "external_id": "106540352242922"},
            "bsuid_only",
            "bsuid_and_phone",
            f"b:{BSUID}",
        ),
    ],
)
@pytest.mark.parametrize("has_phone_lead", [False, True])
def test_bodies_of_providers_lead_to_one_person(
    world, provider, fields, alone, beside, key, has_phone_lead
):
    shop = _number(world, provider, **fields)
    if has_phone_lead:
        known = make.lead(world.workspace, name="Ada")
        make.identity(known, kind="wa_id", value="5511988880001")
    bodies = [
        _meta(_golden(provider, case)).replace(b"A1", id_)
        for case, id_ in ((alone, b"B1"), (beside, b"B2"))
    ]

    for body in bodies:
        (row,) = shop.process(body)
        assert (row.state, row.error) == ("done", "")

    lead = leads(shop).get()
    keys = set(lead.identities.values_list("match_key", flat=True))
    assert keys == {key, "p:5511988880001"}
    assert shop.rows(LeadMerge).count() == int(has_phone_lead)
    assert shop.rows(Message).filter(conversation__lead=lead).count() == 2


def test_an_echo_that_waited_joins_the_thread_when_an_address_book_tells_the_phone(
    world,
):
    shop = _number(world, "evolution", phone="+5511987654321", external_id=None)
    shop.process(_golden("evolution", "text_of_lid_alone"))
    talk = shop.rows(Conversation).get()
    echo = make.message(talk, direction="outbound", origin="echo")
    shop.rows(Message).filter(pk=echo.pk).update(
        conversation=None, peer_key="p:5521999990003"
    )
    before = talk.message_count

    (row,) = shop.process(_golden("evolution", "contact_sync"))

    assert row.state == "done"
    assert shop.rows(Message).get(pk=echo.pk).conversation == talk
    talk.refresh_from_db()
    assert talk.message_count == before + 1
    keys = set(talk.lead.identities.values_list("match_key", flat=True))
    assert keys == {"l:98765432101234@lid", "p:5521999990003"}


def test_statements_do_not_grow_with_the_people_who_are_joined(shop):
    counted = {}
    shop.process(phone_alone("que mostra que o número funciona"))
    for many in (1, 12):
        names = [f"{many}{number:02d}" for number in range(many)]
        for name in names:
            lead = make.lead(shop.workspace, name=f"Ana {name}")
            make.identity(lead, kind="wa_id", value=f"55119876{name.zfill(5)}")
            other = make.lead(shop.workspace, name=f"Oculta {name}")
            make.identity(
                other, kind="bsuid", value=f"BR.{name}", match_key=f"b:BR.{name}"
            )
            shop.receive(
                _body(
                    cloud.message(
                        sender=f"55119876{name.zfill(5)}", from_user_id=f"BR.{name}"
                    ),
                    {"profile": {"name": "Ana"}, "user_id": f"BR.{name}"},
                )
            )
        claim = inbox.claim()
        with walls.as_app(), walls.asked() as said:
            tally = processing.process(claim)
        assert tally.done == many
        counted[many] = len(said)

    assert shop.rows(LeadMerge).count() == 13
    assert counted[1] == counted[12]
    assert shop.rows(Identity).filter(lead__merged_into__isnull=False).count() == 0
