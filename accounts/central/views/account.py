"""One's own account: what protects it, and which applications hold tokens for it."""

from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.idp.oidc.models import Client
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.central import consents, people
from accounts.central.views.guard import person_of


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    return render(
        request,
        "central/home.html",
        {
            "has_second_factor": is_mfa_enabled(person),
            "is_proven": people.is_proven(person),
            "has_mail": bool(settings.EMAIL_HOST),
            "accesses": consents.accesses(person, now=timezone.now()),
        },
    )


@require_POST
def end_access(request: HttpRequest, pk: str) -> HttpResponse:
    """Its tokens and the consent to it; one that has neither is answered like any other."""
    if "\0" in pk:
        raise Http404
    client = get_object_or_404(Client, pk=pk, application__isnull=False)
    consents.end(person_of(request), client, request=request)
    return redirect("central:home")


@require_POST
def ask_for_proof(request: HttpRequest) -> HttpResponse:
    """A mail to the address of this account, if nobody proved that it is theirs."""
    person = person_of(request)
    address = EmailAddress.objects.filter(
        user=person, email=person.email, verified=False
    ).first()
    if address is None or not settings.EMAIL_HOST:
        return redirect("central:home")
    try:
        EmailConfirmationHMAC(address).send(request)
    except OSError:  # smtplib's errors are
        told = gettext("The mail could not be sent. Try again in a minute.")
        messages.warning(request, told)
    else:
        told = gettext(
            "A mail is on its way to %(email)s. Open its link in this browser."
        )
        messages.info(request, told % {"email": person.email})
    return redirect("central:home")


@never_cache
@require_safe
def prove_address(request: HttpRequest, key: str) -> HttpResponse:
    """The link in that mail. It counts for whoever asked for it and is signed in here:
    somebody else, to whom the mail came unasked, proves nothing by opening it.
    """
    person = person_of(request)
    shown = EmailConfirmationHMAC.from_key(key)
    if shown is None or shown.email_address.user_id != person.pk:
        told = gettext(
            "This link confirms no address of yours. Ask for a new one here."
        )
        messages.warning(request, told)
    else:
        people.mark_proven(person, "email_confirmed", request=request)
        told = gettext("Your address is confirmed.")
        messages.success(request, told)
    return redirect("central:home")
