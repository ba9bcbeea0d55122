"""Pages of room 2, under `w/<workspace_slug>/`."""

from django.urls import path

from whatsapp.views import conversations, home, lead_edits, leads, links

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
    path("leads/export.csv", leads.lead_export_csv, name="lead-export"),
    path("leads/<uuid:key>/", leads.lead_detail, name="lead-detail"),
    path("leads/<uuid:key>/edit/", lead_edits.lead_edit, name="lead-edit"),
    path("leads/<uuid:key>/origin/", lead_edits.lead_origin, name="lead-origin"),
    path("leads/<uuid:key>/notes/", lead_edits.lead_notes, name="lead-notes"),
    path("links/", leads.link_list, name="link-list"),
    path("links/<uuid:key>/qr.svg", links.qr, name="link-qr"),
]
