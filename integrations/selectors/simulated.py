"""The phone behind a sandbox number, as pages and the gateway look at it."""

from integrations.models import Channel, SimulatedPhone


def find_phone(channel: Channel) -> SimulatedPhone:
    """As it is, in the caller's transaction; one that nobody has touched yet is not stored."""
    found: SimulatedPhone | None = (
        SimulatedPhone.objects.for_workspace(channel.workspace_id)
        .filter(channel=channel)
        .first()
    )
    return found or SimulatedPhone(workspace_id=channel.workspace_id, channel=channel)
