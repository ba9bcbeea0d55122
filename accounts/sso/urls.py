"""The two ends of a sign-in. The callback stands where it is registered at the server."""

from django.conf import settings
from django.urls import path

from accounts.sso import views

_CALLBACK = (
    settings.OAUTH["redirect_path"] if settings.OAUTH else "account/sso/callback/"
)

urlpatterns = [
    path("account/sso/start/", views.start, name="sso_login"),
    path(_CALLBACK, views.callback, name="sso_callback"),
]
