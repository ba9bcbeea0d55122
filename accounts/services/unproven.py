"""Addresses of people whom the installation's own identity server let in without proof.

An account made from a link that was shown to somebody has an address that nobody proved.
Its person comes in, but the address links nothing and is kept from nobody who proves it.
"""

import logging

from accounts import emails, selectors
from accounts.models import User

logger = logging.getLogger("accounts.signin")


def find_unproven_holder(email: str) -> User | None:
    """Who came in with this address by the identity server and never proved it."""
    holder = User.objects.filter(email=email, oauth_id__isnull=False).first()
    if holder is None or selectors.has_proven(holder, email):
        return None
    return holder


def release(email: str) -> None:
    """Take it from a holder who never proved it, for somebody who did."""
    holder = find_unproven_holder(email)
    if holder is not None:
        holder.email = emails.nobodys()
        holder.save(update_fields=["email"])
        logger.warning("unproven address released", extra={"user_id": holder.pk})
