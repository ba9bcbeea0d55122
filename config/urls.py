"""One include per room and nothing else, beside what probes ask."""

from django.urls import URLPattern, URLResolver, include, path

from config import design, health

handler500 = "config.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("design/", design.gallery, name="design"),
    path("api/", include("accounts.api_urls")),
    path("", include("accounts.urls")),
    path("account/", include("allauth.account.urls")),
    path("r/", include("whatsapp.public_urls")),
    path("w/<slug:workspace_slug>/settings/tokens/", include("accounts.token_urls")),
    path("w/<slug:workspace_slug>/", include("whatsapp.urls")),
    path("w/<slug:workspace_slug>/", include("integrations.urls")),
    path("w/<slug:workspace_slug>/", include("tickets.urls")),
    path("w/<slug:workspace_slug>/", include("webhooks.urls")),
    path("platform/", include("webhooks.platform_urls")),
]
