"""Who gets in where at the central server: every address, by a stranger, a person, an admin."""

from typing import Any

import pytest
from django.urls import reverse

from tests.architecture import walking
from tests.central.addresses import ADDRESSES, Who

SIGN_IN = "/account/login/?next="
NOBODY = 7319999
NOBODYS: dict[str, dict[str, Any]] = {
    "account_reset_password_from_key": {"uidb36": "nobody", "key": "abc-def"},
    "mfa_edit_webauthn": {"pk": NOBODY},
    "mfa_remove_webauthn": {"pk": NOBODY},
    "central:access-end": {"pk": NOBODY},
    "central:invited": {"token": "inexistente"},
    "central:person-state": {"pk": NOBODY},
    "central:person-vouch": {"pk": NOBODY},
    "account_confirm_email": {"key": "nobodys"},
    "central:application-detail": {"pk": "inexistente"},
    "central:application-secret": {"pk": "inexistente"},
    "central:application-state": {"pk": "inexistente"},
    "central:application-delete": {"pk": "inexistente"},
}


def test_every_pattern_is_classified_and_nothing_else():
    found = walking.names_of("config.central_urls")

    assert found.keys() ^ ADDRESSES.keys() == set()
    assert [name for name, routes in found.items() if len(routes) > 1] == []


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("method", ["get", "post"])
def test_everybody_gets_as_far_as_the_table_says(house, name, method):
    path = reverse(name, kwargs=NOBODYS.get(name))
    who = ADDRESSES[name]

    stranger, person, admin = (
        getattr(house.browser(one), method)(path)
        for one in (None, house.person, house.admin)
    )

    ends = [one.status_code for one in (stranger, person, admin)]
    asks = stranger.headers.get("Location", "").startswith(SIGN_IN)
    if who is Who.CLIENT:  # to whom a cookie says nothing
        assert set(ends) <= {400, 401, 405}
    elif name == "idp:oidc:authorization" and method == "post":
        # Its parameters go into the address first, which then asks for the sign-in.
        assert stranger.headers["Location"].startswith(path)
    else:
        assert asks == (who is not Who.ANYBODY)
        assert (ends[1] == 403) == (who is Who.ADMIN)
        assert ends[2] != 403
