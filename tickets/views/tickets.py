"""The ticket list."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.http import WorkspaceRequest, requires
from accounts.permissions import Action
from tickets import selectors


@require_safe
@requires(Action.READ)
def ticket_list(request: WorkspaceRequest) -> HttpResponse:
    below = request.GET.get("before", "")
    # Longer numbers than a ticket can have would overflow the column's type.
    number = int(below) if below.isdecimal() and len(below) < 10 else None
    page = selectors.list_tickets(request.workspace, below=number)
    return render(request, "tickets/ticket_list.html", {"page": page})
