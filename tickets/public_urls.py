"""What clients reach without an account, under `t/`."""

from django.urls import path

from tickets.views import client_page

app_name = "tickets-public"
urlpatterns = [path("<str:token>/", client_page.ticket, name="ticket")]
