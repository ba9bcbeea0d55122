"""Addresses under `/api/` that no one should meet: for tests of the short path."""

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from accounts.api.bearers import ApiRequest
from accounts.api.guards import READS, by_bearer


def stray(request: HttpRequest) -> HttpResponse:
    return HttpResponse("open")


@by_bearer(*READS)
def broken(request: ApiRequest) -> HttpResponse:
    raise RuntimeError("open sesame")


@by_bearer(*READS)
def away(request: ApiRequest) -> HttpResponse:
    raise OperationalError("connection refused")


urlpatterns = [
    path("api/stray", stray),
    path("api/broken", broken),
    path("api/away", away),
]
