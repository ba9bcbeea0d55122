"""Addresses of the sandbox outside of workspaces: its gateway, and what its codes lead to."""

from django.urls import path

from integrations.views import (
    business_phone,
    sandbox_gateway,
    sandbox_messages,
    sandbox_templates,
)

app_name = "sandbox"
urlpatterns = [
    path("gateway/<str:number>/session/", sandbox_gateway.session, name="gateway"),
    path("gateway/<str:number>/webhook/", sandbox_gateway.webhook, name="webhook"),
    path("gateway/<str:number>/messages/", sandbox_messages.messages, name="messages"),
    path("gateway/<str:number>/read/", sandbox_messages.read, name="read"),
    path("gateway/<str:number>/media/", sandbox_messages.upload, name="upload"),
    path(
        "gateway/<str:number>/media/<str:media_id>/<str:kind>/",
        sandbox_messages.file,
        name="file",
    ),
    path(
        "gateway/<str:number>/templates/", sandbox_templates.templates, name="templates"
    ),
    path(
        "gateway/<str:number>/templates/<str:which>/",
        sandbox_templates.template,
        name="template",
    ),
    path("phone/<uuid:key>/", business_phone.scan, name="phone"),
]
