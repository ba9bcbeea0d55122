"""`/w/<slug>/settings/tokens/`."""

from django.urls import path

from accounts.views import tokens

app_name = "tokens"
urlpatterns = [
    path("", tokens.token_list, name="token-list"),
    path("new/", tokens.token_new, name="token-new"),
    path("<uuid:key>/revoke/", tokens.token_revoke, name="token-revoke"),
]
