"""The table of who is told what, a line of it with its preview and plan, and the settings."""

import uuid
from datetime import time
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.formats import time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action, may
from integrations.models import Channel
from integrations.selectors import channels as numbers
from tickets import notification_texts as texts
from tickets import notification_words as words
from tickets.forms.notifications import RuleForm, SettingsForm, TryForm, offered
from tickets.models import NotificationRule
from tickets.selectors import rules as selector
from tickets.services import planning, rules
from tickets.services.planning import Plan
from whatsapp import template_preview, template_words
from whatsapp.selectors import own_numbers
from whatsapp.template_preview import Piece, Preview

_INVALID, _CONFLICT = 422, 409
_MOST_SHOWN = 200  # of a plan's people, by way
form_page = require_http_methods(["GET", "HEAD", "POST"])


@form_page
@requires(Action.READ)
def notification_rules(request: WorkspaceRequest) -> HttpResponse:
    if request.method == "POST":
        return _act(request)
    rows = selector.list_rules(request.workspace)
    habits = selector.settings_of(request.workspace)
    context = {
        "groups": [
            {"event": words.event(event), "rows": known}
            for event in words.EVENTS
            if (known := [_row(one) for one in rows if one.event == event])
        ],
        "settings_row": habits,
        "begins": _clock(habits.quiet_from),
        "ends": _clock(habits.quiet_until),
        "defaults": [
            (words.event(event), known[_language(request)])
            for event, known in texts.DEFAULTS.items()
        ],
    }
    return render(request, "tickets/notification_rules.html", context)


def _row(rule: NotificationRule) -> dict[str, Any]:
    template = rule.template
    return {
        "rule": rule,
        "language": dict(settings.LANGUAGES).get(rule.language, rule.language),
        "template_state": str(template_words.state_of(template).label)
        if template
        else "",
    }


def _clock(minutes: int) -> str:
    return time_format(time(minutes // 60 % 24, minutes % 60))


def _act(request: WorkspaceRequest) -> HttpResponse:
    act = request.POST.get("act", "")
    if act not in {"defaults", "on", "off"}:
        return HttpResponseBadRequest()
    if not may(request.membership.role, Action.MANAGE_WORKSPACE):
        raise PermissionDenied
    now, ip = timezone.now(), client_ip(request)
    if act == "defaults":
        rules.use_defaults(request.workspace, actor=request.user, now=now, ip=ip)
        messages.success(request, _("The texts are in use. Change them as you like."))
    else:
        rule = _find(request, request.POST.get("rule", ""))
        rules.switch(rule, is_active=act == "on", actor=request.user, now=now, ip=ip)
        messages.success(
            request, _("Switched on.") if act == "on" else _("Switched off.")
        )
    return redirect("tickets:notification-rules", request.workspace.slug)


@form_page
@requires(Action.MANAGE_WORKSPACE)
def notification_rule_new(request: WorkspaceRequest) -> HttpResponse:
    return _edit(request, None)


@form_page
@requires(Action.MANAGE_WORKSPACE)
def notification_rule_edit(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    return _edit(request, _find(request, str(key)))


@form_page
@requires(Action.MANAGE_WORKSPACE)
def notification_settings(request: WorkspaceRequest) -> HttpResponse:
    form = SettingsForm(
        request.POST if request.method == "POST" else None,
        row=selector.settings_of(request.workspace),
        channels=_channels(request),
    )
    if form.is_bound and form.is_valid():
        changed = rules.change_settings(
            request.workspace,
            form.values,
            actor=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
        messages.success(request, _("Saved.") if changed else _("Nothing changed."))
        return redirect("tickets:notification-settings", request.workspace.slug)
    context = {
        "form": form,
        "zone": request.workspace.time_zone,
        "has_mail_server": bool(settings.EMAIL_HOST),
    }
    status = _INVALID if form.is_bound else 200
    return render(request, "tickets/notification_settings.html", context, status=status)


def _edit(request: WorkspaceRequest, rule: NotificationRule | None) -> HttpResponse:
    """Save, look, try and remove are one form: what was typed is never lost."""
    data = request.POST if request.method == "POST" else None
    templates = offered(selector.list_templates(request.workspace))
    if rule is not None and rule.template is not None:
        # What is chosen stays to be seen, though it may be paused by now.
        others = [one for one in templates if one.key != rule.template.key]
        templates = [rule.template, *others]
    form = RuleForm(
        data,
        templates=templates,
        channels=_channels(request),
        initial=_initial(request, rule),
    )
    if data is None:
        return _page(request, rule, form)
    act = data.get("act", "save")
    if act == "remove" and rule is not None:
        return _page(request, rule, form, asks_to_remove=True)
    if act == "remove-sure" and rule is not None:
        return _remove(request, rule)
    if not form.is_valid():
        return _page(request, rule, form, status=_INVALID)
    if act == "look":
        return _page(request, rule, form, plan=_plan(request, rule, form))
    if act == "try":
        return _try(request, rule, form)
    return _save(request, rule, form)


def _save(
    request: WorkspaceRequest, rule: NotificationRule | None, form: RuleForm
) -> HttpResponse:
    try:
        rules.save(
            request.workspace,
            form.values,
            rule=rule,
            seen=form.cleaned_data["seen"],
            actor=request.user,
            now=timezone.now(),
            ip=client_ip(request),
        )
    except rules.RuleTaken:
        form.add_error(
            "event", _("The table has a line for this, these people and this language.")
        )
        return _page(request, rule, form, status=_INVALID)
    except rules.RuleStale as stale:
        form.data = {**form.data.dict(), "seen": str(stale.rule.version)}  # type: ignore[attr-defined]  # a QueryDict
        form.add_error(
            None,
            _("Somebody changed this line meanwhile. Save once more to have yours."),
        )
        return _page(request, rule, form, status=_CONFLICT)
    messages.success(request, _("Saved."))
    return redirect("tickets:notification-rules", request.workspace.slug)


def _remove(request: WorkspaceRequest, rule: NotificationRule) -> HttpResponse:
    rules.remove(rule, actor=request.user, now=timezone.now(), ip=client_ip(request))
    messages.success(request, _("Line removed. What it told stays in the log."))
    return redirect("tickets:notification-rules", request.workspace.slug)


def _try(
    request: WorkspaceRequest, rule: NotificationRule | None, form: RuleForm
) -> HttpResponse:
    read_phone = partial(own_numbers.read_phone, request.workspace)
    asked = TryForm(request.POST, read_phone=read_phone)
    if not asked.is_valid():
        return _page(request, rule, form, asked=asked, status=_INVALID)
    tried = rules.try_out(
        request.workspace,
        _unsaved(request, rule, form),
        asked.cleaned_data["number"],
        key=str(asked.cleaned_data["key"]),
        example=_example(request, form),
        actor=request.user,
        now=timezone.now(),
        ip=client_ip(request),
    )
    way = tried.rung.way
    provider = way.channel.provider if way and way.channel else ""
    told = {
        "path": words.path(tried.rung.path),
        "is_sent": tried.is_sent,
        "why": words.reason(
            tried.rung.reason, provider=provider, went_out=tried.is_sent
        ),
        "number": asked.cleaned_data["number"],
    }
    return _page(request, rule, form, tried=told, asked=_again(asked))


def _again(asked: TryForm) -> TryForm:
    return TryForm(initial={"number": asked.data.get("number", "")})


def _plan(
    request: WorkspaceRequest, rule: NotificationRule | None, form: RuleForm
) -> Plan:
    wanted = _unsaved(request, rule, form)
    return planning.plan_rule(request.workspace, wanted, now=timezone.now())


def _unsaved(
    request: WorkspaceRequest, rule: NotificationRule | None, form: RuleForm
) -> NotificationRule:
    """The line as it would be."""
    wanted = NotificationRule(workspace=request.workspace, **form.values)
    if rule is not None:
        wanted.pk, wanted.key = rule.pk, rule.key
    return wanted


def _page(
    request: WorkspaceRequest,
    rule: NotificationRule | None,
    form: RuleForm,
    *,
    plan: Plan | None = None,
    asked: TryForm | None = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    context = {
        "rule": rule,
        "form": form,
        "asked": asked or TryForm(),
        "variables": _variables(form),
        "previews": _previews(request, form),
        "plan": shown_plan(plan) if plan is not None else None,
        "is_client": str(form["audience"].value() or "client") == "client",
        "may_try": bool(_channels(request)),
        **more,
    }
    return render(request, "tickets/notification_rule.html", context, status=status)


def shown_plan(plan: Plan) -> dict[str, Any]:
    """A plan as pages show it: each number opens whom and why."""
    return {
        "total": plan.total,
        "waits_until": plan.waits_until,
        "nobody_named": plan.nobody_named,
        "ways": [
            {
                "path": path.value,
                "word": words.path(path),
                "count": number,
                "rows": [
                    {
                        "ticket": one.ticket,
                        "client": one.client,
                        "why": words.reason(
                            one.reason,
                            provider=one.provider,
                            went_out=path.value != "nobody",
                        ),
                    }
                    for one in plan.by(path)[:_MOST_SHOWN]
                ],
                "more": max(0, number - _MOST_SHOWN),
            }
            for path, number in plan.counts
        ],
        "sentence": ngettext(
            "Reaches %(count)s person", "Reaches %(count)s people", plan.total
        )
        % {"count": plan.total},
    }


def _variables(form: RuleForm) -> list[str]:
    language = str(form["language"].value() or "en")
    return list(texts.VARIABLES_IN.get(language, texts.VARIABLES_IN["en"]))


def _previews(request: WorkspaceRequest, form: RuleForm) -> dict[str, Any]:
    """The text and the template as the phone would show them, filled with an example."""
    wanted = NotificationRule(
        workspace=request.workspace,
        event=str(form["event"].value() or "created"),
        language=str(form["language"].value() or "en"),
    )
    values = rules.example_values(request.workspace, wanted, _example(request, form))
    text = texts.fill(str(form["text"].value() or ""), values)
    found: dict[str, Any] = {}
    if text:
        found["text"] = Preview(body=(Piece(text),))
    if form.chosen is not None:
        filled = {
            name.removeprefix("gap-"): texts.fill(str(form[name].value() or ""), values)
            for name in form.gap_names
        }
        found["template"] = template_preview.of(form.chosen.components, filled)
    body = texts.fill(str(form["email_body"].value() or "") or text, values)
    if body:
        subject = str(form["email_subject"].value() or "") or "#{number} {title}"
        found["email"] = {"subject": texts.fill(subject, values), "body": body}
    return found


def _example(request: WorkspaceRequest, form: RuleForm) -> dict[str, str]:
    """In the language that the line is in."""
    language = str(form["language"].value() or "en")
    with translation.override(language):
        return {
            "name": _("Ana"),
            "title": _("Exchange of the order"),
            "comment": _("It leaves tomorrow morning."),
            "url": f"{settings.PUBLIC_URL}/t/…",
        }


def _initial(
    request: WorkspaceRequest, rule: NotificationRule | None
) -> dict[str, Any]:
    """A new line begins with what the address names, and with the text to begin with."""
    if rule is not None:
        return RuleForm.values_of(rule)
    event = request.GET.get("event", "")
    language = _language(request)
    known = texts.DEFAULTS.get(event, {})
    return {
        "event": event if event in words.EVENT_WORDS else "created",
        "audience": "client",
        "language": language,
        "text": known.get(language, ""),
        "is_active": True,
    }


def _language(request: WorkspaceRequest) -> str:
    language = request.workspace.language
    return language if language in texts.VARIABLES_IN else "en"


def _find(request: WorkspaceRequest, key: str) -> NotificationRule:
    rule = selector.find_rule(request.workspace, key=key)
    if rule is None:
        raise Http404
    return rule


def _channels(request: WorkspaceRequest) -> list[Channel]:
    return [one for one in numbers.list_channels(request.workspace) if one.is_active]
