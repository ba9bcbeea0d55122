import pytest
from django.test import Client
from django.urls import reverse


@pytest.mark.parametrize(("host", "offered"), [("", False), ("mail.example.com", True)])
def test_a_new_password_is_offered_only_with_a_mail_server(db, settings, host, offered):
    settings.EMAIL_HOST = host

    page = Client().get(reverse("account_login")).content.decode()

    assert (reverse("account_reset_password") in page) == offered
