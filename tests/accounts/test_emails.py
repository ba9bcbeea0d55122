"""Addresses that look like another one's are nobody's, and are refused with a sentence."""

import pytest
from django.core import mail
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from accounts import emails
from accounts.adapter import AccountAdapter
from accounts.central.people import PersonInvalid, cleaned_email
from accounts.selectors import has_proven
from accounts.services import additions
from tests.factories import accounts as make

# A dotless i, a long s, the sign of the kelvin: each becomes `i`, `s` or `k` in some case.
LOOKALIKES = {
    "l\u0131a@example.com": "lia@example.com",
    "\u017fam@example.com": "sam@example.com",
    "\u212aate@example.com": "kate@example.com",
    "ana@\u212aite.example": "ana@kite.example",
}


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_a_lookalike_is_refused_wherever_an_address_is_typed_or_told(lookalike):
    for check in (emails.checked, emails.validate, AccountAdapter().clean_email):
        with pytest.raises(ValidationError) as refused:
            check(lookalike)
        assert refused.value.code == "not_ascii"
    with pytest.raises(PersonInvalid) as invalid:
        cleaned_email(lookalike)
    assert invalid.value.problem == "not_ascii"


@pytest.mark.parametrize(("lookalike", "real"), LOOKALIKES.items())
def test_the_normal_form_of_a_lookalike_is_not_the_other_address(lookalike, real):
    assert emails.normal(f" {real.upper()} ") == real
    assert emails.normal(lookalike) != real


@pytest.mark.parametrize("address", ["", "x", "x@y", "a b@example.com", "a" * 300])
def test_what_is_no_address_is_told_apart_from_one_with_other_letters(address):
    with pytest.raises(ValidationError) as refused:
        emails.checked(address)

    assert refused.value.code == "invalid"


def test_an_address_is_as_long_as_the_database_takes():
    with pytest.raises(ValidationError) as refused:
        emails.checked("a" * 60 + "@" + ".".join(["b" * 60] * 4) + ".example.com")

    assert refused.value.code == "max_length"


@pytest.mark.parametrize(("lookalike", "real"), LOOKALIKES.items())
def test_proving_a_lookalike_does_not_prove_the_other_address(db, lookalike, real):
    person = make.proven(make.user(email="outra@example.com"), lookalike)

    assert not has_proven(person, real)


@pytest.mark.parametrize("lookalike", LOOKALIKES)
def test_an_operator_who_adds_a_lookalike_is_told(world, lookalike):
    with pytest.raises(additions.MemberInvalid) as invalid:
        additions.add_member(
            workspace=world.workspace,
            email=lookalike,
            role="agent",
            now=timezone.now(),
            actor_label="operator",
        )

    assert invalid.value.problems == {"email": "may hold ASCII letters alone"}


@pytest.mark.parametrize(("lookalike", "real"), LOOKALIKES.items())
def test_mail_about_a_password_goes_to_the_address_that_is_kept_or_to_nobody(
    db, settings, lookalike, real
):
    settings.EMAIL_HOST = "mail.example"
    make.proven(make.user(email=real))

    page = Client().post("/account/password/reset/", {"email": lookalike})

    assert page.status_code in (200, 302)
    assert {to for sent in mail.outbox for to in sent.to} <= {real}
