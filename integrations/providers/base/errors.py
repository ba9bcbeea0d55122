"""What can go wrong with a provider, and what each case allows the caller to do."""

from collections.abc import Mapping


class ProviderError(Exception):
    """A provider did not do what was asked. `is_retryable` is the whole retry policy.

    `code` is the provider's own where it gave one. Neither code nor detail holds a secret.
    """

    is_retryable = False

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Throttled(ProviderError):
    is_retryable = True

    def __init__(
        self, code: str, detail: str = "", *, retry_after: float | None = None
    ) -> None:
        super().__init__(code, detail)
        self.retry_after = retry_after  # seconds


class Unreachable(ProviderError):
    """Nothing left this machine, so trying again is safe."""

    is_retryable = True


class Unavailable(ProviderError):
    """The provider answered that it cannot right now, and did nothing."""

    is_retryable = True


class OutcomeUnknown(ProviderError):
    """The request may have been acted on; a blind retry could send twice."""


class Refused(ProviderError):
    """The provider said no, and will say no again."""


class CredentialsRefused(Refused):
    """The key is wrong, expired or lacks a permission: a person must reconnect."""


class PermissionMissing(CredentialsRefused):
    """The key is right and may not do this: a person must allow it at the provider."""


class NumberUnknown(Refused):
    """The key is right and knows no such number: an id was mistyped, or it is gone."""


class NumberElsewhere(NumberUnknown):
    """The number exists, in another account at the provider than the one given."""


class ContentRefused(Refused):
    """Refused by us before a byte left: `field` of the message is not as it must be.

    `most` is the limit that was passed, where the reason is one.
    """

    def __init__(self, code: str, *, field: str, most: int | None = None) -> None:
        super().__init__(code, f"{field}: at most {most}" if most else field)
        self.field = field
        self.most = most


class MediaGone(Refused):
    """The file is no longer at the provider, or never was: it was not fetched in time."""


class Unsupported(ProviderError):
    """This provider cannot do that; its capabilities say so beforehand."""

    def __init__(self, slug: str, capability: str) -> None:
        super().__init__("unsupported", f"{slug} has no {capability}")


class Unreadable(Exception):
    """The body is not what this provider sends: it is kept and parked with this reason."""


class SignatureInvalid(Exception):
    """The sender could not prove who it is. `is_missing` when it did not even try."""

    def __init__(self, reason: str, *, is_missing: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.is_missing = is_missing


class CredentialsInvalid(Exception):
    """What an admin entered cannot be right. `problems` tells the reason for each field."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(
            "; ".join(f"{field}: {reason}" for field, reason in problems.items())
        )
        self.problems = dict(problems)
