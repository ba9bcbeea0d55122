"""`/w/<slug>/settings/events/`."""

from django.urls import path

from tickets.views import deliveries, event_sources, subscriptions

app_name = "events"
urlpatterns = [
    path("", event_sources.event_list, name="event-list"),
    path("sources/new/", event_sources.source_new, name="event-source-new"),
    path("sources/<uuid:key>/", event_sources.source_detail, name="event-source"),
    path(
        "sources/<uuid:key>/secret/",
        event_sources.source_rotate,
        name="event-source-rotate",
    ),
    path(
        "sources/<uuid:key>/delete/",
        event_sources.source_delete,
        name="event-source-delete",
    ),
    path("subscriptions/new/", subscriptions.subscription_new, name="subscription-new"),
    path(
        "subscriptions/<uuid:key>/",
        deliveries.subscription_detail,
        name="subscription-detail",
    ),
    path(
        "subscriptions/<uuid:key>/export.csv",
        deliveries.subscription_export_csv,
        name="subscription-export",
    ),
    path(
        "subscriptions/<uuid:key>/edit/",
        subscriptions.subscription_edit,
        name="subscription-edit",
    ),
    path(
        "subscriptions/<uuid:key>/secret/",
        subscriptions.subscription_rotate,
        name="subscription-rotate",
    ),
    path(
        "subscriptions/<uuid:key>/delete/",
        subscriptions.subscription_delete,
        name="subscription-delete",
    ),
    path(
        "subscriptions/<uuid:key>/state/",
        subscriptions.subscription_state,
        name="subscription-state",
    ),
    path(
        "subscriptions/<uuid:key>/test/",
        subscriptions.subscription_test,
        name="subscription-test",
    ),
    path(
        "subscriptions/<uuid:key>/again/",
        deliveries.subscription_again,
        name="subscription-again",
    ),
    path("deliveries/<uuid:key>/", deliveries.delivery_detail, name="delivery-detail"),
]
