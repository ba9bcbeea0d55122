"""Language and theme, kept with the person, chosen from the account menu of any page."""

from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from accounts.forms import PreferencesForm


@require_POST
def update(request: HttpRequest) -> HttpResponse:
    form = PreferencesForm(request.POST)
    if not request.user.is_authenticated or not form.is_valid():
        return HttpResponseBadRequest()
    form.apply_to(request.user)
    request.user.save(update_fields=["language", "theme"])
    return redirect(_way_back(request))


def _way_back(request: HttpRequest) -> str:
    target = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return target if is_ours else "/"
