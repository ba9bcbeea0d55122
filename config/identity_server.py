"""`manage.py doctor` on the identity server: does it answer, and may it be believed?

Asked afresh, whatever is kept of it. Secrets are not sent: its papers are public, and so is
that an end point is there.
"""

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError

from accounts.sso import fetch, metadata, server
from accounts.sso.fetch import Answer
from accounts.sso.id_token import LEEWAY_SECONDS
from accounts.sso.metadata import Metadata
from accounts.sso.outcomes import SignInRefused
from accounts.sso.server import Server
from config.doctor import Finding

NAME = "identity server"
KEYS, CLOCK = f"{NAME} keys", f"{NAME} clock"
SMALL_SKEW = timedelta(seconds=5)
LARGE_SKEW = timedelta(seconds=LEEWAY_SECONDS)
_LONGEST_TOLD = 200
_NOT_REACHED = {"unreachable", "too_slow", "server_error"}
_WRONG = {
    "unreachable": "does not answer as it should",
    "too_slow": f"did not answer within {fetch.DEADLINE_SECONDS:.0f} s",
    "server_error": "answers with an error of its own",
    "too_large": "answers with far more than it should",
    "redirected": "leads to another address",
    "not_json": "answers with something else than JSON",
    "metadata_issuer": "calls itself by another name than the one set",
    "metadata_elsewhere": "names an end point on a host that was not allowed",
    "metadata_unsafe": "names an end point that is not safe to use",
    "metadata_poor": "leaves out an end point that signing in needs",
    "pkce_unsupported": "does not offer PKCE with S256",
    "key_unfit": "gives a set of keys that cannot be used",
}
_ADDRESS = (
    "Compare {setting} with the server's own documentation, slash at its end included."
)
_CURES = {
    "redirected": _ADDRESS,
    "not_json": _ADDRESS,
    "too_large": _ADDRESS,
    "metadata_elsewhere": "If the host is the server's, name it in OAUTH_ENDPOINT_HOSTS.",
    "metadata_unsafe": "Let whoever runs the server give every end point an https address.",
    "metadata_poor": "Is it an OpenID Connect server? If not, set OAUTH_SERVER_URL instead.",
    "pkce_unsupported": "Allow PKCE (S256) for the client at the server.",
    "key_unfit": "Look at the server's jwks_uri: it must list its public keys.",
}
# The first that fits is why nothing came back.
_REASONS: tuple[tuple[type[BaseException], str, str], ...] = (
    (
        ssl.SSLError,
        "its certificate is not trusted here",
        "Give it a certificate of a known authority, or add its authority to this machine.",
    ),
    (
        socket.gaierror,
        "its name is not known here",
        "Check the name in {setting} and this machine's DNS.",
    ),
    (
        ConnectionRefusedError,
        "nobody listens at its address",
        "Start it, or check host and port in {setting}.",
    ),
)
_REACH = (
    "Can this machine reach it? Check {setting}, the firewall and the server itself."
)


def examine() -> Iterator[Finding]:
    known = server.configured()
    if known is None:
        yield Finding(NAME, "ok", "none is set: people sign in with a password")
    elif known.is_discovered:
        yield from _discovered(known)
    else:
        yield _plain(known)


def _discovered(known: Server) -> Iterator[Finding]:
    before = datetime.now(UTC)
    answer: Answer | None = None
    try:
        answer = metadata.ask(known)
        took = datetime.now(UTC) - before
        told = metadata.read(answer.json(), known)
    except SignInRefused as refused:
        yield _finding(known, NAME, refused, answer)
        return
    yield Finding(NAME, "ok", f"{known.issuer} answers, and under this very name")
    if answer.told_at is not None:
        yield _clock(answer.told_at - before - took / 2)
    yield _keys(known, told)


def _keys(known: Server, told: Metadata) -> Finding:
    try:
        found = metadata.ask_for_keys(told.jwks_uri)
    except SignInRefused as refused:
        return _finding(known, KEYS, refused)
    if not found:
        cure = "Nobody can sign in until the server has a key to sign with."
        return Finding(KEYS, "bad", "the server lists none", cure)
    count = f"{len(found)} key{'s' if len(found) > 1 else ''} fetched now"
    return Finding(KEYS, "ok", f"{count}; {_age(told.jwks_uri)}")


def _age(url: str) -> str:
    try:
        seconds = metadata.age_of_keys(url)
    except DatabaseError:
        return "what is kept of them is not known while the database does not answer"
    if seconds is None:
        return "none are kept yet"
    return f"those in use were fetched {seconds / 60:.0f} min ago"


def _clock(skew: timedelta) -> Finding:
    seconds = round(abs(skew.total_seconds()))
    if abs(skew) <= SMALL_SKEW:
        return Finding(CLOCK, "ok", "agrees with this machine's")
    side = "ahead of" if skew > timedelta() else "behind"
    return Finding(
        CLOCK,
        "bad" if abs(skew) > LARGE_SKEW else "warn",
        f"is {seconds} s {side} this machine's; {LEEWAY_SECONDS} s are tolerated",
        "Set both clocks by the network time (NTP).",
    )


def _plain(known: Server) -> Finding:
    """Without discovery there is no paper to read: what counts is that somebody answers."""
    missing = []
    for url in (
        known.authorization_endpoint,
        known.token_endpoint,
        known.userinfo_endpoint,
    ):
        try:
            if fetch.get(url).status == 404:
                missing.append(url)
        except SignInRefused as refused:
            if refused.code in _NOT_REACHED:
                return _finding(known, NAME, refused)
    if missing:
        return Finding(
            NAME,
            "bad",
            f"answers, but has no such page: {', '.join(missing)}",
            "Check OAUTH_SERVER_URL: the end points stand below it.",
        )
    return Finding(NAME, "ok", f"{known.issuer} answers at all three end points")


def _finding(
    known: Server, name: str, refused: SignInRefused, answer: Answer | None = None
) -> Finding:
    setting = "OIDC_ISSUER" if known.is_discovered else "OAUTH_SERVER_URL"
    wrong = f"{known.issuer} {_WRONG.get(refused.code, refused.code)}"
    cure = _CURES.get(refused.code, _REACH)
    if refused.code == "unreachable":
        for kind, why, better in _REASONS:
            if isinstance(refused.__context__, kind):
                wrong, cure = f"{known.issuer}: {why}", better
                break
    if refused.code == "metadata_issuer" and answer is not None:
        # Written out with escapes: it is the server's text, on an operator's terminal.
        told = ascii(answer.json().get("issuer"))[:_LONGEST_TOLD]
        wrong = f"{wrong}: {told}"
        cure = "If that is the server you mean, set OIDC_ISSUER to exactly this name."
    # Asked without a sign-in's parameters, an end point may fail on that alone.
    is_doubtful = refused.code == "server_error" and not known.is_discovered
    state = "warn" if is_doubtful else "bad"
    return Finding(name, state, wrong, cure.format(setting=setting))
