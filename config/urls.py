"""One include per room and nothing else, beside what probes ask."""

from django.urls import URLPattern, URLResolver, include, path

from accounts.views import sign_in
from config import design, health

handler500 = "config.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("help/", include("config.help")),
    path("design/", design.gallery, name="design"),
    path("api/", include("config.api_page")),
    path("api/", include("accounts.api_urls")),
    path("api/", include("tickets.api_urls")),
    path("api/", include("whatsapp.api_urls")),
    path("", include("accounts.urls")),
    # Before allauth's, whose pages of these names they are.
    path("account/login/", sign_in.SignInPage.as_view(), name="account_login"),
    path("account/logout/", sign_in.SignOut.as_view(), name="account_logout"),
    path("account/email/", sign_in.EmailAddresses.as_view(), name="account_email"),
    path("account/password/set/", sign_in.set_password, name="account_set_password"),
    path("", include("accounts.sso.urls")),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/", include("allauth.account.urls")),
    path("r/", include("whatsapp.public_urls")),
    path("files/", include("whatsapp.file_urls")),
    path("t/", include("tickets.public_urls")),
    path("", include("tickets.webhook_urls")),
    path("sandbox/", include("integrations.sandbox_urls")),
    path("w/<slug:workspace_slug>/settings/tokens/", include("accounts.token_urls")),
    path("w/<slug:workspace_slug>/settings/events/", include("tickets.event_urls")),
    path("w/<slug:workspace_slug>/", include("whatsapp.urls")),
    path("w/<slug:workspace_slug>/", include("integrations.urls")),
    path("w/<slug:workspace_slug>/", include("tickets.urls")),
    path("w/<slug:workspace_slug>/", include("webhooks.urls")),
    path("platform/", include("webhooks.platform_urls")),
]
