import pytest
from django.test import Client
from django.urls import reverse


@pytest.mark.parametrize(("host", "offered"), [("", False), ("mail.example.com", True)])
def test_a_new_password_is_offered_only_with_a_mail_server(db, settings, host, offered):
    settings.EMAIL_HOST = host

    page = Client().get(reverse("account_login")).content.decode()

    assert (reverse("account_reset_password") in page) == offered


def test_a_part_of_a_page_sends_the_whole_page_to_the_sign_in(world):
    there = "http://testserver/w/padaria/conversations/?tab=all#latest"

    answer = Client().get(
        "/w/padaria/conversations/?q=x",
        headers={"HX-Request": "true", "HX-Current-URL": there},
    )

    assert answer.status_code == 401
    assert answer.content == b""
    assert (
        answer.headers["HX-Redirect"]
        == "/account/login/?next=/w/padaria/conversations/%3Ftab%3Dall"
    )


def test_a_post_by_somebody_signed_out_comes_back_to_its_page_and_says_so(world):
    client = Client()

    answer = client.post(
        "/preferences/",
        {"language": "en"},
        headers={"Referer": "http://testserver/w/padaria/leads/?q=ana"},
    )

    assert (
        answer.headers["Location"] == "/account/login/?next=/w/padaria/leads/%3Fq%3Dana"
    )
    told = client.get(answer.headers["Location"]).content.decode()
    assert "por isso nada foi feito" in told


@pytest.mark.parametrize(
    "from_elsewhere",
    ["https://evil.example/", "//evil.example/x", "javascript:alert(1)", ""],
)
def test_the_way_back_after_the_sign_in_is_ours(world, from_elsewhere):
    part = {"HX-Request": "true", "HX-Current-URL": from_elsewhere}

    of_a_post = Client().post("/preferences/", headers={"Referer": from_elsewhere})
    of_a_part = Client().get("/w/padaria/", headers=part)

    assert of_a_post.headers["Location"] == "/account/login/?next=/"
    assert of_a_part.headers["HX-Redirect"] == "/account/login/?next=/"
