"""Addresses under `/api/`: each is there twice, with and without the workspace in it."""

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import URLPattern, path

IN_WORKSPACE = "w/<slug:slug>/"


def twice(
    route: str, view: Callable[..., HttpResponse], *, name: str
) -> list[URLPattern]:
    """For bearers of one workspace, and for those whose token reaches several."""
    return [
        path(route, view, name=name),
        path(IN_WORKSPACE + route, view, name=f"workspace-{name}"),
    ]
