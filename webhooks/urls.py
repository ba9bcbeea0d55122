"""Pages of room 4 in a workspace, under `w/<workspace_slug>/`."""

from django.urls import path

from webhooks.views import home

app_name = "webhooks"
urlpatterns = [
    path("", home.home, name="home"),
]
