"""The product's addresses, and one whose view fails, so that its 500 page can be seen."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config.urls import urlpatterns as ours


@login_not_required
def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("asked for by a test")


urlpatterns = [*ours, path("broken/", broken)]
