"""Pages of room 1, under `w/<workspace_slug>/`."""

from django.urls import path

from integrations.views import (
    alerts,
    business_phone,
    channel_acts,
    channel_settings,
    channels,
    connect,
    message_links,
    sessions,
    subscription,
)

_NUMBER = "integrations/whatsapp/<uuid:key>/"

app_name = "integrations"
urlpatterns = [
    path("integrations/whatsapp/", channels.channel_list, name="channel-list"),
    path(
        "integrations/whatsapp/connect/",
        connect.provider_list,
        name="connect-provider",
    ),
    path(
        "integrations/whatsapp/connect/<slug:provider>/",
        connect.credentials,
        name="connect-credentials",
    ),
    path(
        "integrations/whatsapp/connect/<slug:provider>/return/",
        connect.link_return,
        name="connect-return",
    ),
    path(
        f"{_NUMBER}session/",
        sessions.session_detail,
        name="session-detail",
    ),
    path(
        "sandbox/<uuid:key>/business/",
        business_phone.business_phone,
        name="business-phone",
    ),
    path("integrations/whatsapp/alerts/", alerts.alerts, name="alerts"),
    path(_NUMBER, channels.channel_detail, name="channel-detail"),
    path(f"{_NUMBER}log/", channels.channel_log, name="channel-log"),
    path(f"{_NUMBER}check/", channel_acts.check, name="channel-check"),
    path(f"{_NUMBER}reconnect/", channel_acts.reconnect, name="channel-reconnect"),
    path(
        f"{_NUMBER}start-clean/", channel_acts.start_clean, name="channel-start-clean"
    ),
    path(f"{_NUMBER}disconnect/", channel_acts.disconnect, name="channel-disconnect"),
    path(f"{_NUMBER}remove/", channel_acts.remove, name="channel-remove"),
    path(f"{_NUMBER}name/", channel_settings.channel_name, name="channel-name"),
    path(
        f"{_NUMBER}credentials/",
        channel_settings.channel_credentials,
        name="channel-credentials",
    ),
    path(
        f"{_NUMBER}receipts/",
        channel_settings.channel_receipts,
        name="channel-receipts",
    ),
    path(f"{_NUMBER}message-links/", message_links.message_links, name="message-links"),
    path(
        f"{_NUMBER}message-links/new/",
        message_links.message_link_new,
        name="message-link-new",
    ),
    path(
        f"{_NUMBER}message-links/<slug:code>/delete/",
        message_links.message_link_delete,
        name="message-link-delete",
    ),
    path(
        f"{_NUMBER}message-links/<slug:code>.svg",
        message_links.message_link_qr,
        name="message-link-qr",
    ),
    path(f"{_NUMBER}webhook/", subscription.channel_webhook, name="channel-webhook"),
]
