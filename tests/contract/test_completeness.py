"""A provider is one folder, one line, and one mirrored test folder; nothing is missing."""

import tomllib
from pathlib import Path

from django.conf import settings

from integrations.providers import registry
from integrations.providers.base.adapter import Adapter
from integrations.providers.base.capabilities import Capability
from integrations.providers.base.types import MessageKind
from tests.integrations.providers import golden

MODULES = {"__init__", "adapter", "signature", "inbound", "session", "forms"}
SENDING_MODULES = {"outbound", "catalogue"}
INBOUND = {
    *("text", "image", "video", "audio", "voice", "document", "sticker"),
    *("location", "contacts", "reply", "unknown_type", "group_message"),
    *("batch_with_one_bad_element", "duplicate", "empty_body", "not_json"),
    *("text_with_lone_surrogate_and_nul", "contact_sync"),
    *("status_sent", "status_delivered", "status_read", "status_failed_with_code"),
    "status_before_message",
}
INBOUND_BY_CAPABILITY = {
    Capability.ECHOES: {"echo"},
    Capability.HISTORY_SYNC: {"history"},
    Capability.REFERRAL: {"referral"},
    Capability.REACTIONS: {"reaction", "reaction_removed"},
    Capability.BSUID: {"bsuid_only", "bsuid_and_phone"},
}
SIGNATURE = {"valid", "wrong", "missing", "changed_body"}
HANDSHAKE = {"valid", "wrong_token", "missing_token"}
SESSION = {"created", "connected"}
# By the kind of message they send; with each the plainest of its shapes.
OUTBOUND = {
    MessageKind.TEXT: {"text", "reply"},
    MessageKind.IMAGE: {"image"},
    MessageKind.VIDEO: {"video"},
    MessageKind.AUDIO: {"audio"},
    MessageKind.VOICE: {"voice"},
    MessageKind.DOCUMENT: {"document"},
    MessageKind.STICKER: {"sticker"},
    MessageKind.LOCATION: {"location"},
    MessageKind.CONTACTS: {"contacts"},
    MessageKind.REACTION: {"reaction", "reaction_removed"},
    MessageKind.INTERACTIVE: {"buttons", "menu"},
    MessageKind.TEMPLATE: {"template", "template_without_gaps"},
}
OUTCOMES = {"no_throttled"} | {
    f"unknown_{word}"
    for word in ("not_json", "truncated", "without_id", "redirect", "server_error")
}


def test_required_golden_cases_are_present(adapter: Adapter, slug: str) -> None:
    inbound = set(INBOUND)
    for capability, names in INBOUND_BY_CAPABILITY.items():
        if capability in adapter.capabilities:
            inbound |= names
    required = {"inbound": inbound, "signature": SIGNATURE, "session": SESSION}
    if Capability.HANDSHAKE in adapter.capabilities:
        required["handshake"] = HANDSHAKE
    excused = golden.not_applicable(slug)

    missing = [
        f"{subject}/{name}"
        for subject, names in required.items()
        for name in sorted(names - {case.name for case in golden.cases(subject, slug)})
        if f"{subject}/{name}" not in excused
    ]

    assert missing == []
    assert all(excused.values()), "an excuse needs its reason"


def test_required_cases_of_sending_are_present(adapter: Adapter, slug: str) -> None:
    if Capability.SEND not in adapter.capabilities:
        return
    cases = golden.outbound_cases(slug)
    required = set(OUTCOMES)
    for kind, names in OUTBOUND.items():
        if adapter.limits_of(kind) is not None:
            required |= names

    assert required - {case.name for case in cases} == set()
    errors = {
        case.data["error"]["type"] for case in cases if case.name.startswith("no_")
    }
    assert {"Throttled", "Refused", "CredentialsRefused"} <= errors
    unknown = {
        case.data["error"]["type"] for case in cases if case.name.startswith("unknown_")
    }
    assert unknown == {"OutcomeUnknown"}


def test_provider_folder_has_the_same_modules_as_the_others(slug: str) -> None:
    folder = Path(settings.BASE_DIR, "integrations", "providers", slug)

    needed = set(MODULES)
    if Capability.SEND in registry.get(slug).capabilities:
        needed |= SENDING_MODULES
    assert needed - {path.stem for path in folder.glob("*.py")} == set()


def test_import_contracts_name_the_provider(slug: str) -> None:
    document = tomllib.loads(Path(settings.BASE_DIR, "pyproject.toml").read_text())
    module = f"integrations.providers.{slug}"

    lists = [
        contract.get("modules") or contract.get("protected_modules")
        for contract in document["tool"]["importlinter"]["contracts"]
        if contract["name"]
        in ("Providers do not know each other", "Only integrations touches a provider")
    ]

    assert len(lists) == 2
    assert all(module in modules for modules in lists)


def test_adapter_is_named_as_in_the_registry(adapter: Adapter, slug: str) -> None:
    assert adapter.slug == slug
    assert adapter.label
    assert adapter.acknowledge(golden.request()).status == 200
