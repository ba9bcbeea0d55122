"""Pages of room 2, under `w/<workspace_slug>/`."""

from django.urls import path

from whatsapp.views import conversations, home, leads, links, sandbox

app_name = "whatsapp"
urlpatterns = [
    path("", home.home, name="home"),
    path("conversations/", conversations.conversation_list, name="conversation-list"),
    path(
        "conversations/<uuid:key>/",
        conversations.conversation_detail,
        name="conversation-detail",
    ),
    path("leads/", leads.lead_list, name="lead-list"),
    path("leads/<uuid:key>/", leads.lead_detail, name="lead-detail"),
    path("links/", leads.link_list, name="link-list"),
    path("links/<uuid:key>/qr.svg", links.qr, name="link-qr"),
    path("sandbox/<uuid:key>/", sandbox.phone, name="sandbox-phone"),
]
