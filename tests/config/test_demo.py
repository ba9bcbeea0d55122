"""The demo is made in an empty installation alone, and tells its secrets once."""

import pytest
from django.contrib.auth import authenticate
from django.utils import timezone

from accounts.models import Membership, User, Workspace
from config import demo
from integrations.models import Session, SimulatedPhone
from tests.factories import accounts as make
from whatsapp.models import TrackedLink


@pytest.fixture
def made(db):
    found = demo.make_demo(now=timezone.now())
    assert found is not None
    return found


def test_the_first_person_owns_the_demo_and_signs_in_with_what_is_told(made, rf):
    membership = Membership.objects.for_workspace(made.workspace_id).get()

    assert membership.role == "owner"
    assert membership.user.is_platform_admin
    signed_in = authenticate(
        rf.post("/"), email=demo.ADMIN_EMAIL, password=made.password
    )
    assert signed_in == membership.user


def test_the_demo_has_a_number_and_a_link(made):
    link = TrackedLink.objects.for_workspace(made.workspace_id).get()

    assert link.slug == demo.LINK_SLUG
    assert link.channel.phone == demo.NUMBER
    assert made.webhook_path.startswith("/webhooks/whatsapp/")


def test_the_demos_number_is_connected_and_its_phone_linked(made):
    session = Session.objects.unscoped("test").get()
    phone = SimulatedPhone.objects.unscoped("test").get()

    assert (session.kind, session.state) == ("qr", "connected")
    assert session.channel.state == "connected"
    assert phone.linked_phone == demo.NUMBER.removeprefix("+")
    assert phone.posts_to is not None


def test_secrets_are_not_shown_by_accident(made):
    shown = repr(made)

    for secret in (made.password, made.webhook_secret, made.webhook_path):
        assert secret not in shown


@pytest.mark.parametrize("existing", ["workspace", "user"])
def test_nothing_is_made_where_anything_exists(db, existing):
    if existing == "workspace":
        make.workspace(slug="padaria")
    else:
        make.user(email="ana@example.com")

    assert demo.make_demo(now=timezone.now()) is None
    assert Workspace.objects.count() + User.objects.count() == 1


def test_a_receiver_that_is_away_is_told_as_such(made):
    with pytest.raises(demo.DemoFailed, match="was not answered"):
        demo.send_first_message("http://127.0.0.1:1", made, now=timezone.now())


def test_the_owner_of_the_demo_is_the_first_person_of_the_central_server(db):
    identity = ("http://localhost:8001", "5b3c0d0e-0000-4000-8000-000000000000")

    made = demo.make_demo(now=timezone.now(), identity=identity)

    owner = User.objects.get(email=demo.ADMIN_EMAIL)
    assert made is not None
    assert made.password == ""
    assert (owner.oauth_issuer, owner.oauth_id) == identity
    assert not owner.has_usable_password()
