"""Pages of room 0. Signing in and passwords are allauth's."""

from django.urls import path

from accounts.views import home, preferences, sessions, sign_in_settings

app_name = "accounts"
_SETTINGS = "w/<slug:workspace_slug>/settings/"
urlpatterns = [
    path("", home.home, name="home"),
    path("preferences/", preferences.update, name="preferences-update"),
    path("account/sessions/", sessions.page, name="session-list"),
    path("account/sessions/end/", sessions.end, name="session-end"),
    path(f"{_SETTINGS}sign-in/", sign_in_settings.page, name="settings-sign-in"),
    path(
        f"{_SETTINGS}sign-in/rules/<uuid:key>/delete/",
        sign_in_settings.delete_rule,
        name="settings-sign-in-rule-delete",
    ),
]
