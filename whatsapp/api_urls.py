"""`/api/` of room 2; a workspace may be named by those whose token reaches several."""

from django.urls import path

from whatsapp.views import api_messages

app_name = "whatsapp-api"
urlpatterns = [
    path("messages", api_messages.messages, name="messages"),
    path("messages/<uuid:key>", api_messages.message, name="message"),
    path("w/<slug:slug>/messages", api_messages.messages, name="workspace-messages"),
    path(
        "w/<slug:slug>/messages/<uuid:key>",
        api_messages.message,
        name="workspace-message",
    ),
]
