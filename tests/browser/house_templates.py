"""The shop's templates: in every state, and one whose change left a message behind."""

from datetime import datetime, timedelta
from typing import Any

from integrations.models import Channel
from tests.factories import whatsapp as make
from whatsapp.models import Template, TemplateSync


def submit(phone: Channel, now: datetime) -> tuple[Template, Template]:
    """In every state, and one whose change left a message behind, seen to already."""
    track = {
        "type": "BUTTONS",
        "buttons": [
            {
                "type": "URL",
                "text": "Acompanhar",
                "url": "https://loja.example/p/{{1}}",
            },
            {"type": "QUICK_REPLY", "text": "Obrigado!"},
        ],
    }
    body = {
        "type": "BODY",
        "text": "Olá, {{1}}! Seu pedido {{2}} saiu para entrega e chega hoje.",
        "example": {"body_text": [["Ana", "1042"]]},
    }
    header = {"type": "HEADER", "format": "TEXT", "text": "Pedido a caminho"}
    footer = {"type": "FOOTER", "text": "Padaria Central"}
    fields: dict[str, Any] = {"synced_at": now, "status_at": now - timedelta(days=2)}
    sent = make.template(
        phone,
        components=[header, body, footer, track],
        external_id="sandbox-1",
        quality="green",
        **fields,
    )
    make.template_change(
        sent, kind="status", word="APPROVED", is_breaking=False, details={}
    )
    make.template(phone, language="en", status="pending", **fields)
    make.template(
        phone,
        name="super_oferta",
        body="Só hoje: tudo pela metade do preço!",
        status="rejected",
        provider_status="REJECTED",
        reason="TAG_CONTENT_MISMATCH",
        **fields,
    )
    make.template(phone, name="pesquisa_antiga", body="Gostou?", gone_at=now, **fields)
    broken = make.template(
        phone,
        name="novidade_da_semana",
        category="marketing",
        components=[
            {"type": "HEADER", "format": "IMAGE"},
            {"type": "BODY", "text": "{{nome}}, chegou novidade na loja."},
        ],
        **fields,
    )
    make.template_change(
        broken,
        settled_at=now,
        details={
            "before": [{"part": "body", "kind": "text", "name": "nome"}],
            "after": broken.parameters,
            "affected": [{"user": "queued", "count": 2, "name": ""}],
        },
    )
    TemplateSync.objects.create(
        workspace=phone.workspace,
        integration_id=phone.integration_id or 0,
        next_at=now + timedelta(hours=1),
        synced_at=now - timedelta(minutes=12),
        found=5,
    )
    return sent, broken
