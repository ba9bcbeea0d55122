"""Templates as members see them: the list with its sync, one name in all its languages."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts.http import WorkspaceRequest, client_ip, requires
from accounts.permissions import Action
from accounts.scoping import workspace_transaction
from integrations.models import Channel
from integrations.selectors import channels as channels_selector
from whatsapp import template_preview, template_rules, template_words
from whatsapp.forms.templates import DeleteForm, TemplateFilterForm, name_of
from whatsapp.models import Template, TemplateChange
from whatsapp.selectors import templates as selector
from whatsapp.selectors.templates import Group, SyncView
from whatsapp.services import template_desk, template_sync, template_uses, templates
from whatsapp.template_preview import Preview
from whatsapp.template_words import StateView


@dataclass(frozen=True, slots=True)
class RowView:
    """One language of a name, ready to be shown."""

    row: Template
    language: str
    category: str
    state: StateView
    preview: Preview
    contract: list[str]

    @classmethod
    def of(cls, row: Template) -> "RowView":
        samples = {
            template_preview.field_of(gap): str(gap.get("example", ""))
            for gap in row.parameters
        }
        return cls(
            row=row,
            language=template_words.language(row.language),
            category=template_words.category(row.category),
            state=template_words.state_of(row),
            preview=template_preview.of(row.components, samples),
            contract=template_words.contract(row.parameters),
        )


@dataclass(frozen=True, slots=True)
class ChangeView:
    change: TemplateChange
    sentence: str
    reason: str
    before: list[str]
    after: list[str]


@require_safe
@requires(Action.READ)
def template_list(request: WorkspaceRequest) -> HttpResponse:
    numbers = [
        one
        for one in channels_selector.list_channels(request.workspace)
        if one.is_active
    ]
    having = [one for one in numbers if template_sync.has_templates(one.provider)]
    form = TemplateFilterForm(
        request.GET,
        channels=having,
        languages=selector.list_languages(request.workspace),
    )
    filters = form.filter
    groups = selector.list_groups(request.workspace, filters)
    syncs = selector.list_syncs(request.workspace, having, now=timezone.now())
    names = _names_of(syncs)
    context = {
        "form": form,
        "is_filtered": filters != selector.TemplateFilter(),
        "ignored": [name for name in form.fields if name in form.errors],
        "rows": [_group(group, names) for group in groups],
        "is_cut": len(groups) == selector.MOST,
        "most": selector.MOST,
        "has_any": selector.has_any(request.workspace),
        "syncs": [_sync(one) for one in syncs],
        "is_running": any(one.is_running and not one.is_stuck for one in syncs),
        "has_numbers": bool(numbers),
        "without": [name_of(one) for one in numbers if one not in having],
        "may_write": any(template_desk.may_write(one.provider) for one in having),
    }
    return render(request, "whatsapp/template_list.html", context)


@require_safe
@requires(Action.READ)
def template_detail(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    template = _find(request, key)
    rows = selector.list_translations(template)
    changes = selector.list_changes(rows)
    provider = template.integration.provider
    context = {
        "template": template,
        "languages": [
            {
                "view": RowView.of(row),
                "quality": template_words.quality(row.quality),
                "history": [_change(one) for one in changes[row.pk]],
                "uses": _uses(row),
                "is_breaking": any(
                    one.is_breaking and one.settled_at is None
                    for one in changes[row.pk]
                ),
                "may_edit": template_desk.may_edit(provider)
                and row.gone_at is None
                and bool(row.external_id)
                and is_editable(row),
            }
            for row in rows
        ],
        "number": _number_of(request, template),
        "may_write": template_desk.may_write(provider),
        "is_gone": all(row.gone_at is not None for row in rows),
    }
    return render(request, "whatsapp/template_detail.html", context)


@require_POST
@requires(Action.CONNECT)
def template_sync_now(request: WorkspaceRequest) -> HttpResponse:
    """Have the lists of every number read now. Twice is once."""
    numbers = channels_selector.list_channels(request.workspace)
    integrations = {
        one.integration.pk: one.integration
        for one in numbers
        if one.is_active
        and one.integration is not None
        and template_sync.has_templates(one.provider)
    }
    if integrations:
        template_sync.ask_now(
            request.workspace.pk, list(integrations.values()), now=timezone.now()
        )
    else:
        messages.error(request, gettext("No number of yours has templates."))
    return redirect("whatsapp:template-list", request.workspace.slug)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.CONNECT, own_transactions="the provider is asked meanwhile")
def template_delete(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Ask for the name, and on POST delete every language of it at the provider."""
    with workspace_transaction(request.workspace.pk):
        template = _find(request, key)
        rows = [RowView.of(row) for row in selector.list_translations(template)]
        uses = [one for view in rows for one in _uses(view.row)]
    if not template_desk.may_write(template.integration.provider):
        raise Http404
    form = DeleteForm(request.POST or None, name=template.name)
    failure = None
    if request.method == "POST" and form.is_valid():
        try:
            template_desk.delete(template, by(request))
        except template_desk.NotTaken as error:
            failure = template_words.failure(template.integration.provider, error)
        else:
            messages.success(request, gettext("The template was deleted."))
            return redirect("whatsapp:template-list", request.workspace.slug)
    context = {
        "template": template,
        "rows": rows,
        "uses": uses,
        "form": form,
        "failure": failure,
    }
    return render(request, "whatsapp/template_delete.html", context)


@require_POST
@requires(Action.CONNECT)
def template_settle(request: WorkspaceRequest, key: uuid.UUID) -> HttpResponse:
    """Somebody has seen to what a change left behind: its alert goes, for everybody."""
    template = _find(request, key)
    templates.settle(template, actor=request.user, now=timezone.now())
    return redirect("whatsapp:template-detail", request.workspace.slug, template.key)


def by(request: WorkspaceRequest) -> template_desk.By:
    return template_desk.By(request.user, client_ip(request), timezone.now())


def is_editable(row: Template) -> bool:
    """Whether the editor can hold all of it."""
    draft = template_rules.draft_of(
        row.name, row.language, row.category, row.components
    )
    return draft is not None


def _find(request: WorkspaceRequest, key: uuid.UUID) -> Template:
    template = selector.find(request.workspace, key=key)
    if template is None:
        raise Http404
    return template


def _names_of(syncs: list[SyncView]) -> dict[int, str]:
    """What to call an integration: by its numbers."""
    return {one.integration.pk: ", ".join(map(name_of, one.numbers)) for one in syncs}


def _number_of(request: WorkspaceRequest, template: Template) -> Channel | None:
    """A number of the template's account that is ours still."""
    for channel in channels_selector.list_channels(request.workspace):
        if channel.is_active and channel.integration_id == template.integration_id:
            return channel
    return None


def _group(group: Group, names: dict[int, str]) -> dict[str, Any]:
    views = [RowView.of(row) for row in group.rows]
    return {
        "group": group,
        "number": names.get(group.integration.pk, group.integration.name),
        "categories": [template_words.category(one) for one in group.categories],
        "languages": views,
        "text": views[0].preview.body_text,
    }


def _sync(view: SyncView) -> dict[str, Any]:
    problem = view.row.problem if view.row is not None else ""
    sentence, advice = template_words.sync_problem(problem) if problem else ("", "")
    return {
        "view": view,
        "name": ", ".join(map(name_of, view.numbers)),
        "channel": view.numbers[0],
        "sentence": sentence,
        "advice": advice,
    }


def _change(change: TemplateChange) -> ChangeView:
    before, after = template_words.difference(change)
    return ChangeView(
        change,
        template_words.change(change),
        template_words.reason(change.reason),
        before,
        after,
    )


def _uses(row: Template) -> list[str]:
    found = template_uses.find(row)
    return template_uses.labels(
        [
            {"user": kind, "count": use.count, "name": use.name}
            for kind, use in found
            if use.count
        ]
    )
