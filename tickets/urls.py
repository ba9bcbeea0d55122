"""Pages of room 3, under `w/<workspace_slug>/`."""

from django.urls import path

from tickets.views import tickets

app_name = "tickets"
urlpatterns = [path("tickets/", tickets.ticket_list, name="ticket-list")]
