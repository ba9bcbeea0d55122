"""One include per room and nothing else."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("accounts.urls")),
    path("account/", include("allauth.account.urls")),
    path("w/<slug:workspace_slug>/", include("whatsapp.urls")),
    path("w/<slug:workspace_slug>/", include("integrations.urls")),
    path("w/<slug:workspace_slug>/", include("tickets.urls")),
]
