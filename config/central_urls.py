"""The addresses of the central OAuth server; Recado's own are in `config.urls`."""

from allauth.account import views as account
from allauth.idp.oidc import views as oidc
from django.urls import URLPattern, URLResolver, include, path, re_path

from accounts.central import api
from accounts.central.views import account as own
from accounts.central.views import discovery, flow

handler500 = "config.errors.server_error"

_account = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path(
        "password/reset/done/",
        account.password_reset_done,
        name="account_reset_password_done",
    ),
    # As allauth writes it: the key holds hyphens too, and the first one parts the two.
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    # Under allauth's name: its mail leads there.
    path("email/confirm/<str:key>/", own.prove_address, name="account_confirm_email"),
    path("2fa/", include("allauth.mfa.urls")),
    path("sessions/", include("allauth.usersessions.urls")),
]
# Under allauth's names; neither device codes nor registration by strangers.
_oidc = [
    path(
        ".well-known/openid-configuration",
        discovery.configuration,
        name="configuration",
    ),
    path(".well-known/jwks.json", oidc.jwks, name="jwks"),
    path("oauth/authorize", flow.authorization, name="authorization"),
    path("oauth/token", oidc.token, name="token"),
    path("oauth/userinfo", oidc.user_info, name="userinfo"),
    path("oauth/introspect", oidc.introspect, name="introspect"),
    path("oauth/revoke", oidc.revoke, name="revoke"),
    path("oauth/logout", flow.logout, name="logout"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", discovery.healthz, name="healthz"),
    path("api/user", api.user, name="api-user"),
    path("api/verify", api.verify, name="api-verify"),
    path("", include(([path("", include((_oidc, "oidc")))], "idp"))),
    path("account/", include(_account)),
    path("", include("accounts.central.urls")),
]
