"""Where other systems tell of tickets: with the source's key in the address, or plain."""

from django.urls import re_path

from tickets.views import incoming

app_name = "ticket-events"
urlpatterns = [
    re_path(r"^webhooks/ticket-events/?$", incoming.plain, name="incoming"),
    re_path(
        r"^webhooks/ticket-events/(?P<key>[0-9A-Za-z-]{1,64})/?$",
        incoming.keyed,
        name="incoming-of",
    ),
]
