"""The way in and out: signing in, choosing a workspace, language and theme."""

import pytest
from django.test import Client

from tests.factories import accounts as make


def test_home_goes_straight_to_the_only_workspace(world, signed_in):
    page = signed_in(world.agent).get("/")

    assert page.headers["Location"] == "/w/padaria/"


def test_home_offers_a_choice_of_several(world, signed_in):
    make.membership(world.other_workspace, world.agent, role="viewer")

    page = signed_in(world.agent).get("/").content.decode()

    assert "/w/padaria/" in page
    assert "/w/oficina/" in page


def test_home_of_somebody_without_workspace_says_what_to_do(db):
    client = Client()
    client.force_login(make.user(email="nova@example.com"))

    page = client.get("/").content.decode()

    assert "Você ainda não participa de nenhum espaço" in page
    assert "nova@example.com" in page


def test_switcher_lists_the_workspaces_of_the_person_alone(world, signed_in):
    third = make.workspace(slug="terceira", name="Terceira")
    make.membership(third, world.agent)

    page = signed_in(world.agent).get("/w/padaria/").content.decode()

    assert 'href="/w/terceira/"' in page
    assert "/w/oficina/" not in page


def test_sign_in_with_email_and_password(world):
    client = Client()

    page = client.get("/account/login/")
    done = client.post(
        "/account/login/", {"login": "agent@example.com", "password": "senha-de-teste"}
    )

    assert "Entrar" in page.content.decode()
    assert done.headers["Location"] == "/"
    assert client.get("/").status_code == 302


def test_a_wrong_password_is_told_at_the_form(world):
    page = Client().post(
        "/account/login/", {"login": "agent@example.com", "password": "outra"}
    )

    assert page.status_code == 200
    assert 'role="alert"' in page.content.decode()


def test_an_empty_field_is_tied_to_its_error(world):
    page = Client().post("/account/login/", {"login": "", "password": "x"})

    body = page.content.decode()
    assert 'aria-describedby="id_login_error"' in body
    assert 'id="id_login_error"' in body
    assert 'aria-invalid="true"' in body


def test_nobody_signs_up_by_themselves(world):
    page = Client().post(
        "/account/signup/",
        {
            "email": "nova@example.com",
            "password1": "bastante-longa-77",
            "password2": "bastante-longa-77",
        },
    )

    assert page.status_code == 200
    assert not type(world.owner).objects.filter(email="nova@example.com").exists()
    assert "signup" not in Client().get("/account/login/").content.decode()


def test_sign_out_ends_the_session(world, signed_in):
    client = signed_in(world.agent)

    client.post("/account/logout/")

    assert client.get("/w/padaria/").status_code == 302


@pytest.mark.parametrize(
    ("sent", "language", "theme"),
    [
        ({"language": "en"}, "en", "dark"),
        ({"theme": "light"}, "pt-br", "light"),
        ({"theme": "system"}, "pt-br", ""),
    ],
)
def test_language_and_theme_are_kept_with_the_person(
    world, signed_in, sent, language, theme
):
    world.agent.language, world.agent.theme = "pt-br", "dark"
    world.agent.save()

    done = signed_in(world.agent).post(
        "/preferences/", sent | {"next": "/w/padaria/leads/"}
    )

    world.agent.refresh_from_db()
    assert (world.agent.language, world.agent.theme) == (language, theme)
    assert done.headers["Location"] == "/w/padaria/leads/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""]
)
def test_preferences_lead_nowhere_else(world, signed_in, target):
    done = signed_in(world.agent).post(
        "/preferences/", {"language": "en", "next": target}
    )

    assert done.headers["Location"] == "/"


@pytest.mark.parametrize("sent", [{"language": "xx"}, {"theme": "<b>"}])
def test_an_unknown_choice_is_refused(world, signed_in, sent):
    done = signed_in(world.agent).post("/preferences/", sent)

    assert done.status_code == 400


def test_preferences_are_asked_for_by_post_and_by_a_person(world, signed_in):
    assert signed_in(world.agent).get("/preferences/").status_code == 405
    assert Client().post("/preferences/", {"theme": "dark"}).status_code == 302


def test_the_page_is_in_the_language_and_theme_of_the_person(world, signed_in):
    world.agent.language, world.agent.theme = "en", "dark"
    world.agent.save()

    page = signed_in(world.agent).get("/w/padaria/conversations/")

    assert '<html lang="en" data-theme="dark">' in page.content.decode()
    assert "No open conversations" in page.content.decode()


def test_without_a_choice_the_device_decides_the_theme(world, signed_in):
    page = signed_in(world.agent).get("/w/padaria/conversations/")

    assert '<html lang="pt-br">' in page.content.decode()
    assert "Nenhuma conversa aberta" in page.content.decode()


def test_chosen_address_is_sent_with_the_form_of_addresses(world, signed_in):
    page = signed_in(world.agent).get("/account/email/").content.decode()

    assert f'type="radio" name="email" checked value="{world.agent.email}"' in page
