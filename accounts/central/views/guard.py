"""Pages that the central server's admins alone may see."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from accounts.models import User

P = ParamSpec("P")
Page = Callable[Concatenate[HttpRequest, P], HttpResponse]


def admins_only(view: Page[P]) -> Page[P]:
    @wraps(view)
    def guarded(
        request: HttpRequest, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponse:
        if not request.user.is_authenticated or not request.user.is_platform_admin:
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return cast("Page[P]", guarded)


def person_of(request: HttpRequest) -> User:
    """Who is signed in; the middleware let nobody else through."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user
