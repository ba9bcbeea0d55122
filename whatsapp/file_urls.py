"""What providers fetch of room 2, under `files/`."""

from django.urls import path

from whatsapp.views import media

app_name = "whatsapp-files"
urlpatterns = [path("<str:token>/", media.file_linked, name="file-linked")]
