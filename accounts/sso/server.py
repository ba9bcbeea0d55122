"""The identity server as the installation set it. Pure: no network, no rows."""

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from accounts import addresses
from accounts.vault import Secret

PROVIDER_ID = "sso"
METADATA_PATH = "/.well-known/openid-configuration"
ALWAYS = "always"  # this server's e-mails count as verified without a claim


@dataclass(frozen=True, slots=True)
class Server:
    issuer: str
    is_discovered: bool
    name: str
    redirect_path: str
    scope: str
    auth_params: dict[str, str]
    endpoint_hosts: tuple[str, ...]
    link_by_email: bool
    client_id: str
    client_secret: Secret
    token_auth: str
    uid_field: str
    userinfo_root: str
    name_claim: str
    email_claim: str
    email_verified_claim: str
    # Of a server without discovery; the others tell theirs.
    authorization_endpoint: str = ""
    token_endpoint: str = ""
    userinfo_endpoint: str = ""
    revocation_endpoint: str = ""
    end_session_endpoint: str = ""

    @property
    def redirect_uri(self) -> str:
        return f"{settings.PUBLIC_URL}/{self.redirect_path}"

    @property
    def metadata_url(self) -> str:
        return self.issuer.rstrip("/") + METADATA_PATH

    @property
    def fingerprint(self) -> str:
        """What a sign-in under way is bound to: this server, and us as its client."""
        told = "\0".join((self.issuer, self.client_id, self.redirect_uri))
        return hashlib.sha256(told.encode()).hexdigest()

    def allows(self, url: object) -> bool:
        """May the server's own papers send us or a browser there?

        Only to the issuer's host and to those that the operator named; https, and plain
        http where the issuer itself is on this machine's loopback address.
        """
        if not isinstance(url, str) or not self.is_safe(url):
            return False
        known = {urlsplit(self.issuer).netloc.lower(), *self.endpoint_hosts}
        return urlsplit(url).netloc.lower() in known

    def is_safe(self, url: str) -> bool:
        try:
            found = urlsplit(url)
            host, _ = found.hostname, found.port
        except ValueError:
            return False
        if not host or found.username is not None or found.fragment:
            return False
        if any(char <= " " or char in '\\"<>' for char in url):
            return False
        if found.scheme == "https":
            return True
        ours = urlsplit(self.issuer).hostname or ""
        is_here = addresses.is_loopback(host) and addresses.is_loopback(ours)
        return found.scheme == "http" and is_here


def configured() -> Server | None:
    told: dict[str, Any] | None = settings.OAUTH
    if told is None:
        return None
    values = told | {
        "client_secret": Secret(told["client_secret"]),
        "endpoint_hosts": tuple(host.lower() for host in told["endpoint_hosts"]),
    }
    return Server(**values)


def required() -> Server:
    server = configured()
    if server is None:
        raise LookupError("no identity server is set")
    return server
