"""What visitors without an account reach of room 2, under `r/`."""

from django.urls import path

from whatsapp.views import redirect

app_name = "whatsapp-public"
urlpatterns = [path("<slug:slug>", redirect.follow, name="link-follow")]
