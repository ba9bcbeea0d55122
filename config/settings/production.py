"""Behind a TLS proxy, everything from the environment."""

from config import env
from config.settings.base import *  # noqa: F403
from config.settings.base import PUBLIC_URL

if not PUBLIC_URL.startswith("https://"):
    raise env.BadSetting(
        "PUBLIC_URL",
        "does not start with https://",
        "Set the address people and BSPs use.",
    )

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$", r"^webhooks/"]
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
