"""Pages of room 2, under `w/<workspace_slug>/`."""

from django.urls import path

from whatsapp.models import FilterPlace
from whatsapp.views import (
    conversations,
    lead_edits,
    leads,
    links,
    sandbox,
    saved_filters,
)

app_name = "whatsapp"
urlpatterns = [
    path("conversations/", conversations.conversation_list, name="conversation-list"),
    path(
        "conversations/<uuid:key>/",
        conversations.conversation_detail,
        name="conversation-detail",
    ),
    path(
        "conversations/filters/",
        saved_filters.saved_filters,
        {"place": FilterPlace.CONVERSATIONS},
        name="conversation-filters",
    ),
    path("leads/", leads.lead_list, name="lead-list"),
    path("leads/export.csv", leads.lead_export_csv, name="lead-export"),
    path(
        "leads/filters/",
        saved_filters.saved_filters,
        {"place": FilterPlace.LEADS},
        name="lead-filters",
    ),
    path("leads/<uuid:key>/", leads.lead_detail, name="lead-detail"),
    path("leads/<uuid:key>/edit/", lead_edits.lead_edit, name="lead-edit"),
    path("leads/<uuid:key>/origin/", lead_edits.lead_origin, name="lead-origin"),
    path("leads/<uuid:key>/notes/", lead_edits.lead_notes, name="lead-notes"),
    path("links/", links.link_list, name="link-list"),
    path("links/new/", links.link_new, name="link-new"),
    path("links/<uuid:key>/", links.link_detail, name="link-detail"),
    path("links/<uuid:key>/edit/", links.link_edit, name="link-edit"),
    path("links/<uuid:key>/state/", links.link_state, name="link-state"),
    path("links/<uuid:key>/clicks/", links.link_clicks, name="link-clicks"),
    path(
        "links/<uuid:key>/conversations/",
        links.link_conversations,
        name="link-conversations",
    ),
    path("links/<uuid:key>/qr.svg", links.qr, name="link-qr"),
    path("links/<uuid:key>/qr.png", links.qr_png, name="link-qr-png"),
    path("sandbox/<uuid:key>/", sandbox.phone, name="sandbox-phone"),
]
