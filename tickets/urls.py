"""Pages of room 3, under `w/<workspace_slug>/`."""

from django.urls import path

from tickets.views import (
    bulk,
    clients,
    notification_log,
    notification_rules,
    ticket_detail,
    ticket_forms,
    tickets,
)
from whatsapp.views import saved_filters

app_name = "tickets"
urlpatterns = [
    path("tickets/", tickets.ticket_list, name="ticket-list"),
    path("tickets/export.csv", tickets.ticket_export_csv, name="ticket-export"),
    path(
        "tickets/filters/",
        saved_filters.saved_filters,
        {"place": tickets.TICKETS},
        name="ticket-filters",
    ),
    path("tickets/new/", ticket_forms.ticket_new, name="ticket-new"),
    path("tickets/bulk/", bulk.ticket_bulk, name="ticket-bulk"),
    path("tickets/<uuid:key>/", ticket_detail.ticket_detail, name="ticket-detail"),
    path("tickets/<uuid:key>/edit/", ticket_forms.ticket_edit, name="ticket-edit"),
    path(
        "notifications/", notification_log.notification_list, name="notification-list"
    ),
    path(
        "notifications/export.csv",
        notification_log.notification_export_csv,
        name="notification-export",
    ),
    path(
        "notifications/rules/",
        notification_rules.notification_rules,
        name="notification-rules",
    ),
    path(
        "notifications/rules/new/",
        notification_rules.notification_rule_new,
        name="notification-rule-new",
    ),
    path(
        "notifications/rules/<uuid:key>/",
        notification_rules.notification_rule_edit,
        name="notification-rule-edit",
    ),
    path(
        "notifications/settings/",
        notification_rules.notification_settings,
        name="notification-settings",
    ),
    path("clients/", clients.client_list, name="client-list"),
    path("clients/export.csv", clients.client_export_csv, name="client-export"),
    path("clients/new/", clients.client_new, name="client-new"),
    path("clients/<uuid:key>/", clients.client_detail, name="client-detail"),
    path("clients/<uuid:key>/edit/", clients.client_edit, name="client-edit"),
    path("clients/<uuid:key>/link/", clients.client_link, name="client-link"),
]
