"""`/api/` of room 0; `accounts.api.middleware` is the way in."""

from django.urls import path

from accounts.views import api

app_name = "api"
urlpatterns = [
    path("user", api.user, name="user"),
    path("verify", api.verify, name="verify"),
    path("w/<slug:slug>/", api.workspace, name="workspace"),
]
