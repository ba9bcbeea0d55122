"""`/api/` of room 3; a workspace may be named by those whose token reaches several."""

from accounts.api.addresses import twice
from tickets.views import (
    api_clients,
    api_notifications,
    api_sends,
    api_tickets,
)

app_name = "tickets-api"
urlpatterns = [
    *twice("clients", api_clients.list_or_add, name="clients"),
    *twice("clients/<path:oauth_id>", api_clients.one_client, name="client"),
    *twice("tickets", api_tickets.list_or_open, name="tickets"),
    *twice("tickets/<int:number>", api_tickets.one_ticket, name="ticket"),
    *twice("tickets/<int:number>/comments", api_tickets.comments, name="comments"),
    *twice("notifications/send", api_notifications.send, name="notify"),
    *twice("whatsapp/send", api_sends.send_to_client, name="send"),
]
