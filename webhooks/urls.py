"""Pages of the top room that stand in a workspace."""

from django.urls import path

from webhooks.views import acts, explorer, home, proof

app_name = "webhooks"
urlpatterns = [
    path("", home.home, name="home"),
    path("figures.csv", home.home_csv, name="home-export"),
    path(
        "integrations/whatsapp/<uuid:key>/proof/",
        proof.channel_proof,
        name="channel-proof",
    ),
    path("webhooks/", explorer.webhook_list, name="webhook-list"),
    path("webhooks/replay/", acts.webhook_replay, name="webhook-replay"),
    path("webhooks/<uuid:key>/", explorer.webhook_detail, name="webhook-detail"),
    path("webhooks/<uuid:key>/content/", acts.webhook_content, name="webhook-content"),
    path("webhooks/<uuid:key>/raw/", acts.webhook_raw, name="webhook-raw"),
    path("webhooks/<uuid:key>/park/", acts.webhook_park, name="webhook-park"),
]
