"""The URL that many numbers share, whose sender is known only once the body was read.

Anybody may post there. So a secret of the whole installation is tried before the body is
looked into; who is not proven by one pays for the reading beforehand, from the strangers'
bucket of the address, and gets it back when a number's own secret proves it.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final

from integrations import shared_url
from integrations.gateway import CredentialsUnreadable, Endpoint
from integrations.providers.base.errors import SignatureInvalid
from integrations.providers.base.types import NumberRef, RawRequest
from webhooks.answers import Refusal, unavailable
from webhooks.endpoints import LookupFailed, Lookups
from webhooks.quotas import Quotas

events = logging.getLogger("integrations")

# Numbers that are looked up for one body. Meta puts up to 1,000 updates into one, all of one
# business account, which has some twenty numbers.
MOST_NUMBERS: Final = 200
# Above this, reading a body to find its numbers leaves the event loop for a thread.
LARGE_BODY: Final = 16 * 1024
# So many at once; a thread that reads slows the event loop, so strangers get one.
_PROVEN_AT_ONCE: Final = 2
_STRANGE_AT_ONCE: Final = 1
_MOST_WAITING: Final = 8
_PATIENCE_SECONDS: Final = 2.5
# Reading costs a stranger as much as a wrong signature, and again for so many bytes.
_TOLL_BYTES: Final = 64 * 1024

Numbers = Mapping[str, Sequence[NumberRef]]


class TooManyNumbers(Refusal):
    def __init__(self) -> None:
        super().__init__(413, "the body names too many numbers")


class SharedUrl:
    """One for each process, on its event loop."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = quotas
        self._lookups: Lookups[list[Endpoint]] = Lookups(
            (CredentialsUnreadable,), weigh=_secrets_in
        )
        self._proven_lane = _Lane(_PROVEN_AT_ONCE)
        self._strange_lane = _Lane(_STRANGE_AT_ONCE)

    async def find(
        self, raw: RawRequest, stranger: Hashable, *, is_known: bool
    ) -> Endpoint:
        """Whose body this is. `is_known` says that its sender was proven here before.

        Raises SignatureInvalid or a Refusal, 413 or 503; the stranger is charged for what
        is not ours to answer for.
        """
        try:
            providers, is_proven = shared_url.senders(raw)
        except SignatureInvalid:
            self._quotas.proved_nothing(stranger)
            raise
        if is_proven:
            return await self._of_installation(raw, providers)
        toll = 1 + len(raw.body) // _TOLL_BYTES
        # A known sender pays afterwards, since many of its bodies may be here at once.
        if not is_known:
            self._quotas.proved_nothing(stranger, toll)
        try:
            endpoint = await self._of_a_number(raw, providers)
        except (SignatureInvalid, TooManyNumbers):
            if is_known:
                self._quotas.proved_nothing(stranger, toll)
            raise
        except Refusal:
            if not is_known:
                self._quotas.proved_nothing(stranger, -toll)
            raise
        if not is_known:
            self._quotas.proved_nothing(stranger, -toll)
        return endpoint

    async def _of_installation(
        self, raw: RawRequest, providers: Sequence[str]
    ) -> Endpoint:
        numbers = await self._numbers(raw.body, providers, is_proven=True)
        if _count(numbers) > MOST_NUMBERS:
            # Processing finds each number's integration; the row itself belongs to none.
            numbers = dict.fromkeys(providers, ())
        return (await self._endpoints(numbers))[0]

    async def _of_a_number(self, raw: RawRequest, providers: Sequence[str]) -> Endpoint:
        numbers = await self._numbers(raw.body, providers, is_proven=False)
        if _count(numbers) > MOST_NUMBERS:
            events.warning("webhook refused", extra={"reason": "too many numbers"})
            raise TooManyNumbers
        return shared_url.authenticate(await self._endpoints(numbers), raw)

    async def _endpoints(self, numbers: Numbers) -> list[Endpoint]:
        try:
            return await self._lookups.get(
                _digest(numbers), lambda: shared_url.load_endpoints(numbers)
            )
        except (LookupFailed, CredentialsUnreadable) as error:
            raise unavailable(type(error).__name__) from None

    async def _numbers(
        self, body: bytes, providers: Iterable[str], *, is_proven: bool
    ) -> Numbers:
        if len(body) <= LARGE_BODY:
            return shared_url.numbers_in(body, providers)
        lane = self._proven_lane if is_proven else self._strange_lane
        return await lane.run(lambda: shared_url.numbers_in(body, providers))


class _Lane:
    """Threads for large bodies: so many at once, and so many that wait, each with its body."""

    def __init__(self, at_once: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting = 0

    async def run(self, read: Callable[[], Numbers]) -> Numbers:
        if self._waiting >= _MOST_WAITING:
            raise unavailable("too many large bodies")
        self._waiting += 1
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise unavailable("too many large bodies") from None
        finally:
            self._waiting -= 1
        try:
            return await asyncio.to_thread(read)
        finally:
            self._free.release()


def _count(numbers: Numbers) -> int:
    return max(map(len, numbers.values()), default=0)


def _digest(numbers: Numbers) -> bytes:
    told = [(slug, sorted(map(repr, named))) for slug, named in numbers.items()]
    return sha256(repr(told).encode()).digest()


def _secrets_in(endpoints: Sequence[Endpoint]) -> int:
    return sum(len(endpoint.secrets) for endpoint in endpoints)
