"""Every provider, one literal line each. Adding one is this line and its folder."""

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from integrations.providers.base.adapter import Adapter

PROVIDERS: dict[str, str] = {
    "meta_cloud": "integrations.providers.meta_cloud.adapter.MetaCloudAdapter",
    "dialog360": "integrations.providers.dialog360.adapter.Dialog360Adapter",
    "evolution": "integrations.providers.evolution.adapter.EvolutionAdapter",
    "waha": "integrations.providers.waha.adapter.WahaAdapter",
    "sandbox": "integrations.providers.sandbox.adapter.SandboxAdapter",
}


class UnknownProvider(LookupError):
    """No provider has this slug here, or it is switched off."""


def slugs() -> list[str]:
    """The providers this installation offers, in the order of the table."""
    return [slug for slug in PROVIDERS if slug != "sandbox" or settings.SANDBOX_ENABLED]


def get(slug: str) -> Adapter:
    if slug == "sandbox" and not settings.SANDBOX_ENABLED:
        raise UnknownProvider(slug)
    return _load(slug)


def label_of(slug: str) -> str:
    """A number stays listed after its provider was switched off."""
    try:
        return get(slug).label
    except UnknownProvider:
        return slug


def may_enter(slug: str, kind: str) -> bool:
    """Whether a person can enter other credentials for a session of this kind."""
    try:
        return get(slug).may_enter(kind)
    except UnknownProvider:
        return False


@cache
def _load(slug: str) -> Adapter:
    if slug not in PROVIDERS:
        raise UnknownProvider(slug)
    adapter_class = import_string(PROVIDERS[slug])
    adapter: Adapter = adapter_class(settings.PROVIDER_SETTINGS.get(slug, {}))
    return adapter
