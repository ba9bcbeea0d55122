"""An id that was learned while two people were one, and whose it is once they are parted."""

from tests.factories import cloud_api as cloud
from tests.factories import whatsapp as make
from tests.webhooks.test_reunions import BSUID, both, hidden
from whatsapp.models import Identity, Lead, LeadPair, Message
from whatsapp.services import merging

ANA, BIA = "5511911110001", "5511911110002"


def lead_of(shop, phone):
    return shop.rows(Lead).get(identities__value=phone)


def test_an_id_follows_the_phone_that_it_is_told_with_once_two_are_parted(shop, world):
    shop.process(cloud.body(cloud.message("sou Ana", sender=ANA)))
    shop.process(cloud.body(cloud.message("sou Bia", sender=BIA)))
    ana, bia = lead_of(shop, ANA), lead_of(shop, BIA)
    told = {"reason": "engano", "actor": world.agent, "now": make.NOON}
    merge = merging.merge(ana, into=bia, **told)
    shop.process(both("com id", phone=ANA))
    merging.undo(merge, **told)

    shop.process(both("de novo", phone=ANA))
    shop.process(hidden("sem telefone"))

    assert shop.rows(Identity).get(value=BSUID).lead == ana
    talk = shop.rows(Message).get(text="sem telefone").conversation
    assert talk is not None
    assert talk.lead == ana


def test_an_id_that_is_all_a_lead_has_stays_with_it(shop, world):
    """Somebody has said that who hides is not who has the phone."""
    shop.process(cloud.body(cloud.message("sou Ana", sender=ANA)), hidden("escondida"))
    ana = lead_of(shop, ANA)
    other = shop.rows(Lead).get(identities__value=BSUID)
    merging.tell_apart(ana, other, actor=world.agent, now=make.NOON)

    shop.process(both("juntos", phone=ANA))

    assert shop.rows(Identity).get(value=BSUID).lead == other
    assert shop.rows(LeadPair).get().verdict == "distinct"
