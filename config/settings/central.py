"""The central OAuth server: a role of its own process, with a database of its own.

Beside a running `manage.py up` its address and its database come from the files that that
wrote; in production from the environment. Recado's own processes never load this module.
"""

import hashlib
import os
from datetime import timedelta
from urllib.parse import urlsplit

from config import env
from config.embedded import files

for _name, _value in files.environment(files.var_dir()).items():
    if not os.environ.get(_name):
        os.environ[_name] = _value

from config.settings.base import *  # noqa: E402, F403
from config.settings.base import (  # noqa: E402
    BASE_DIR,
    DATABASES,
    SECRET_KEY,
    STATIC_ROOT,
    STORAGES,
    TEMPLATES,
)

CENTRAL_URL = env.url("CENTRAL_URL", "http://localhost:8001")
_address = urlsplit(CENTRAL_URL)
IS_PUBLIC = _address.scheme == "https"
if not IS_PUBLIC and _address.hostname not in {"localhost", "127.0.0.1", "::1"}:
    raise env.BadSetting(
        "CENTRAL_URL",
        "does not start with https://",
        "Passwords and tokens go there: only this machine itself may do without TLS.",
    )
PUBLIC_URL = CENTRAL_URL
ALLOWED_HOSTS = [_address.hostname or "localhost", "localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = [CENTRAL_URL]
# What one server signed must mean nothing to the other.
SECRET_KEY = hashlib.sha256(b"recado central\0" + SECRET_KEY.encode()).hexdigest()

OAUTH = None
PASSWORD_SIGNIN = True
HAS_WALLS = False  # it knows people and applications, no workspaces
FILE_UPLOAD_TEMP_DIR = None  # it takes no files

# --- Recado's central own -----------------------------------------------------
# A sign-in is asked for again after this, however often tokens were refreshed.
CENTRAL_FAMILY_LIFETIME = timedelta(
    days=env.integer("CENTRAL_SIGN_IN_DAYS", 90, least=1, most=3650)
)
CENTRAL_KEY_LIFETIME = timedelta(
    days=env.integer("CENTRAL_KEY_DAYS", 90, least=1, most=3650)
)
CENTRAL_FIRST_PARTY = {
    "client_id": env.text("CENTRAL_CLIENT_ID", ""),
    "secret": env.text("CENTRAL_CLIENT_SECRET", ""),
    "redirect_uris": env.listing("CENTRAL_REDIRECT_URIS"),
}
CENTRAL_FIRST_SUB = env.text("CENTRAL_FIRST_SUB", "")

# --- applications -------------------------------------------------------------
# Written out: what Recado installs for itself has no business here.
INSTALLED_APPS = [
    "accounts.central",
    "accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.idp.oidc",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "accounts.central.middleware.ApiLane",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignInMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "config.errors.FormAddressMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.central.middleware.CentralLimits",
    "accounts.central.middleware.FormTargetMiddleware",
]
ROOT_URLCONF = "config.central_urls"
WSGI_APPLICATION = "config.central_wsgi.application"
TEMPLATES = [
    {
        **TEMPLATES[0],
        "DIRS": [BASE_DIR / "templates" / "central" / "over", BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "libraries": {"ui": "accounts.page_tags"},
        },
    }
]
_database = env.database("CENTRAL_DATABASE_URL")
_options = DATABASES["default"]["OPTIONS"]
DATABASES = {
    "default": {
        **DATABASES["default"],
        **_database,
        # What asks to be prepared is (see accounts/central/api.py).
        "OPTIONS": {**_database["OPTIONS"], **_options, "prepare_threshold": 5},  # type: ignore[dict-item]  # dicts both
    }
}

# --- people -------------------------------------------------------------------
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
    "accounts.central.hashers.RandomSecretHasher",
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.central.adapter.AccountAdapter"
SOCIALACCOUNT_ONLY = False
SESSION_COOKIE_NAME = "recado_central_session"
SESSION_COOKIE_AGE = 7 * 24 * 3600
CSRF_COOKIE_NAME = "recado_central_csrf"
# Django's cookie for messages has one name on every port of a host.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
USERSESSIONS_ADAPTER = "accounts.central.adapter.UserSessionsAdapter"
# It protects the account, whoever's the address is; who proves that gets another account.
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not IS_PUBLIC

# Pages here belong to no workspace, so their times are those of most people here.
TIME_ZONE = env.text("CENTRAL_TIME_ZONE", "America/Sao_Paulo")

# --- tokens -------------------------------------------------------------------
IDP_OIDC_ADAPTER = "accounts.central.adapter.OIDCAdapter"
IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN = 600
IDP_OIDC_ID_TOKEN_EXPIRES_IN = 300
IDP_OIDC_AUTHORIZATION_CODE_EXPIRES_IN = 60
IDP_OIDC_REFRESH_TOKEN_EXPIRES_IN = 30 * 24 * 3600
IDP_OIDC_ROTATE_REFRESH_TOKEN = True
IDP_OIDC_JWKS_CACHE_CONTROL = 3600
IDP_OIDC_INTROSPECTION_ENABLED = True
# Which of others' tokens a client may ask about is the adapter's decision.
IDP_OIDC_INTROSPECTION_CROSS_CLIENT_ALLOWED = True
# Counted by `oauth_client` and `oauth_address`; allauth's counter writes a list of every call.
IDP_OIDC_RATE_LIMITS = {"introspect_ip": None, "introspect_client": None}
IDP_OIDC_RP_INITIATED_LOGOUT_ASKS_FOR_OP_LOGOUT = False

# --- browser safety -------------------------------------------------------------
if IS_PUBLIC:
    # Other applications, other files: one manifest cannot hold both.
    STATIC_ROOT = STATIC_ROOT.with_name(f"{STATIC_ROOT.name}-central")
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
else:
    STATIC_ROOT = None  # type: ignore[assignment]  # base has a path; here nothing is collected
    WHITENOISE_USE_FINDERS = True
    STORAGES = STORAGES | {
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        }
    }
