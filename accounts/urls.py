"""Pages of room 0. Signing in and passwords are allauth's."""

from django.urls import path

from accounts.views import home, preferences

app_name = "accounts"
urlpatterns = [
    path("", home.home, name="home"),
    path("preferences/", preferences.update, name="preferences-update"),
]
