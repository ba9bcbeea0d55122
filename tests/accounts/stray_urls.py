"""Addresses under `/api/` that no one should meet: for tests of the short path."""

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.api.bearers import ApiRequest
from accounts.api.guards import operation
from accounts.api.operations import Operation

STRAY = Operation(
    name="stray", group="Stray", summary="Nobody's", is_of_workspace=False
)


def stray(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


@operation(STRAY)
def broken(request: ApiRequest) -> HttpResponse:
    raise RuntimeError("open sesame")


@operation(STRAY)
def away(request: ApiRequest) -> HttpResponse:
    raise OperationalError("connection refused")


urlpatterns = [
    path("api/stray", stray),
    path("api/broken", broken),
    path("api/away", away),
]
