"""Typed reads of the environment. A bad or missing value stops the start, by name.

Read by `config/settings/` alone; everything else asks `django.conf.settings`.
"""

import base64
import binascii
import ipaddress
import os
import re
from urllib.parse import unquote, urlsplit


class BadSetting(SystemExit):
    """The environment does not allow a start. The text names the setting and the cure."""

    def __init__(self, name: str, problem: str, cure: str) -> None:
        self.name = name
        self.problem = f"{name} {problem}"
        self.cure = cure
        super().__init__(f"Recado cannot start: {name} {problem}. {cure}")


def text(name: str, default: str | None = None, *, cure: str = "Set it.") -> str:
    value = os.environ.get(name, "").strip()
    if value:
        return value
    if default is None:
        raise BadSetting(name, "is not set", cure)
    return default


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, "1" if default else "0").lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise BadSetting(name, f"is {value!r}", "Set it to 1 or 0.")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    value = text(name, str(default))
    try:
        number = int(value)
    except ValueError:
        raise BadSetting(name, f"is {value!r}", "Set it to a whole number.") from None
    if not least <= number <= most:
        raise BadSetting(name, f"is {number}", f"Set it between {least} and {most}.")
    return number


def choice(name: str, default: str, *, among: list[str]) -> str:
    value = text(name, default)
    if value not in among:
        raise BadSetting(name, f"is {value!r}", f"Set it to one of {', '.join(among)}.")
    return value


def url(name: str, default: str) -> str:
    """An address of a site, without the slash at its end; "" as default makes it optional."""
    value = text(name, default).rstrip("/")
    if not value and not default:
        return ""
    try:
        found = urlsplit(value)
        is_site = found.scheme in {"http", "https"} and bool(found.hostname)
        is_site = is_site and found.port != 0
    except ValueError:
        is_site = False
    if not is_site:
        raise BadSetting(
            name,
            f"is {value!r}",
            "Set it as https://host, with a port if it needs one.",
        )
    return value


def listing(name: str, default: str = "") -> list[str]:
    """A comma-separated list; blanks are dropped."""
    return [item.strip() for item in text(name, default).split(",") if item.strip()]


def hosts(name: str) -> list[str]:
    """A list of `host` or `host:port`; an IPv6 address with a port stands in brackets."""
    entries = listing(name)
    for entry in entries:
        if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^\s/:@\[\]]+)(:[0-9]{1,5})?", entry):
            raise BadSetting(
                name, f"has the entry {entry!r}", "Write host or host:port."
            )
    return entries


def networks(name: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """A list of addresses or networks (`10.0.0.0/8`, `::1`)."""
    found = []
    for entry in listing(name):
        try:
            found.append(ipaddress.ip_network(entry))
        except ValueError:
            raise BadSetting(
                name, f"has the entry {entry!r}", "Write addresses or networks."
            ) from None
    return found


def rate(name: str, default: str) -> tuple[int, int] | None:
    """`10/5m`: ten in five minutes, as (10, 300). `off` is None."""
    value = text(name, default)
    if value == "off":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,8})/([1-9][0-9]{0,3})?([smhd])", value)
    if found is None:
        raise BadSetting(
            name, f"is {value!r}", "Write it as 10/5m, with s, m, h or d, or off."
        )
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86400}[found[3]]
    return int(found[1]), int(found[2] or 1) * unit


def rate_text(rate: tuple[int, int] | None) -> str:
    """As `rate` reads it."""
    if rate is None:
        return "off"
    count, seconds = rate
    size, unit = next(
        (size, unit)
        for size, unit in ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
        if seconds % size == 0
    )
    return f"{count}/{seconds // size}{unit}"


def database(name: str = "DATABASE_URL") -> dict[str, object]:
    """Turn `postgresql://user:password@host:port/name` into Django's keys.

    A socket directory is given percent-encoded as the host or as `?host=/path`.
    """
    cure = "Set it as postgresql://user:password@host:5432/name, or start `make run`, which brings its own server."
    url = urlsplit(text(name, cure=cure))
    if url.scheme not in {"postgres", "postgresql"}:
        raise BadSetting(name, f"has the scheme {url.scheme!r}", cure)
    database_name = unquote(url.path.lstrip("/"))
    if not database_name:
        raise BadSetting(name, "names no database", cure)
    options = dict(pair.split("=", 1) for pair in url.query.split("&") if "=" in pair)
    try:
        port = url.port
    except ValueError:
        raise BadSetting(name, "has a port that is no number", cure) from None
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": database_name,
        "USER": unquote(url.username or ""),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(options.pop("host", "") or url.hostname or ""),
        "PORT": str(port or ""),
        "OPTIONS": {key: unquote(value) for key, value in options.items()},
    }


def redis(name: str = "REDIS_URL") -> str:
    cure = "Set it as redis://host:6379/0 or unix:///path, or start `make run`, which brings its own server."
    value = text(name, cure=cure)
    if urlsplit(value).scheme not in {"redis", "rediss", "unix"}:
        raise BadSetting(name, f"is {value.split(':', 1)[0]!r}://…", cure)
    return value


def root_key(name: str, value: str) -> bytes:
    """Read a 32-byte key written as base64 (either alphabet), hex or raw text."""
    raw = value.encode()
    for decode in (_hex, _base64):
        key = decode(raw)
        if key is not None and len(key) == 32:
            return key
    if len(raw) == 32:
        return raw
    raise BadSetting(
        name,
        "is not a 32-byte key",
        "Make one with `python manage.py vault_genkey` and set it as base64, hex or 32 raw characters.",
    )


def root_keys(name: str) -> list[bytes]:
    return [root_key(name, value) for value in listing(name)]


def _hex(raw: bytes) -> bytes | None:
    try:
        return binascii.unhexlify(raw)
    except (binascii.Error, ValueError):
        return None


def _base64(raw: bytes) -> bytes | None:
    padded = raw + b"=" * (-len(raw) % 4)
    try:
        return base64.b64decode(
            padded.translate(bytes.maketrans(b"-_", b"+/")), validate=True
        )
    except (binascii.Error, ValueError):
        return None
