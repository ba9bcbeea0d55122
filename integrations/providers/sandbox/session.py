"""A simulated phone is always on: its session is connected from the start."""

from integrations.providers.base.types import NumberRef, SessionReport


def report(number: NumberRef) -> SessionReport:
    return SessionReport(
        state="connected",
        provider_state="on",
        external_id=number.external_id or "",
        phone=number.phone,
        display_name="Sandbox",
    )
