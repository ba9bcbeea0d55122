"""The same pages for the platform's admins: requests that belong to no workspace."""

from django.urls import path

from webhooks.views import platform

app_name = "platform"
urlpatterns = [
    path("webhooks/", platform.webhook_list, name="webhook-list"),
    path("webhooks/replay/", platform.webhook_replay, name="webhook-replay"),
    path("webhooks/<uuid:key>/", platform.webhook_detail, name="webhook-detail"),
    path(
        "webhooks/<uuid:key>/content/", platform.webhook_content, name="webhook-content"
    ),
    path("webhooks/<uuid:key>/raw/", platform.webhook_raw, name="webhook-raw"),
    path("webhooks/<uuid:key>/park/", platform.webhook_park, name="webhook-park"),
]
