"""What every refusal has in common, whoever lied."""

from django.utils import translation
from django.utils.html import escape

from accounts.models import BrowserSession, OAuthGrant, User
from accounts.sso import outcomes
from tests.accounts.sso import hostile
from tests.accounts.sso.conftest import last_event


def check(walker, answer, code, *, users=0):
    """Nobody is signed in or half made; the record and the page both say what happened."""
    assert last_event().outcome == code
    assert not walker.is_signed_in()
    assert User.objects.count() == users
    assert not BrowserSession.objects.exists()
    assert not OAuthGrant.objects.exists()
    words = outcomes.words_for(code)
    assert answer.status_code == words.status
    page = answer.content.decode()
    with translation.override("pt-br"):
        assert f"<h1>{escape(str(words.title))}</h1>" in page
        assert escape(str(words.cure)) in page
    assert last_event().reference in page
    assert "no-store" in answer.headers["Cache-Control"]
    for secret in (hostile.CLIENT_SECRET, "refresh-0", "Traceback"):
        assert secret not in page
