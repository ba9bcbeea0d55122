"""A test of a link: the page that starts it, and the one that shows each step."""

import uuid

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe
from django.views.decorators.vary import vary_on_headers

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from whatsapp.forms.links import LinkTestForm
from whatsapp.selectors import link_tests as tests_selector
from whatsapp.services import link_tests
from whatsapp.views.link_figures import find


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.EDIT_LINKS, own_transactions="a test goes over HTTP to ourselves")
def link_test_new(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Explain, and on POST walk as far as we walk ourselves: the test's page shows the rest."""
    with workspace_transaction(request.workspace.pk):
        link = find(request, key)
        channel = tests_selector.find_number(link)
        form = LinkTestForm(request.POST or None)
        if request.method != "POST" or channel is None or not form.is_valid():
            context = {"link": link, "channel": channel, "form": LinkTestForm()}
            return render(request, "whatsapp/link_test_new.html", context)
        test, is_new = link_tests.begin(
            link,
            channel=channel,
            key=form.cleaned_data["key"],
            actor=request.user,
            ip=client_ip(request),
            now=timezone.now(),
        )
    if is_new:
        link_tests.walk(test, link=link, channel=channel)
    return redirect("whatsapp:link-test", request.workspace.slug, test.key)


@require_safe
@vary_on_headers("HX-Request")
@requires(Action.READ)
def link_test(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    test = tests_selector.find_test(request.workspace, key)
    if test is None:
        raise Http404
    context = {"walk": tests_selector.read(test, now=timezone.now()), "link": test.link}
    template = "_link_test.html" if request.htmx else "link_test.html"
    return render(request, f"whatsapp/{template}", context)
