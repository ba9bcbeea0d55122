"""Pages of room 1, under `w/<workspace_slug>/`."""

from django.urls import path

from integrations.views import channels

app_name = "integrations"
urlpatterns = [
    path("integrations/whatsapp/", channels.channel_list, name="channel-list")
]
