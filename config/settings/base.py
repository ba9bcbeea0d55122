"""Every setting of Recado; the other modules of this package only override.

Facts of one deployment come from the environment through `config.env`. Facts of one
workspace live in the database, constants of one provider in its folder.
"""

from pathlib import Path
from urllib.parse import urlsplit

from config import env, env_api, env_oauth, env_storage

BASE_DIR = Path(__file__).resolve().parents[2]
VAR_DIR = Path(env.text("RECADO_VAR_DIR", str(BASE_DIR / "var"))).resolve()

SECRET_KEY = env.text(
    "SECRET_KEY", cure="Set a long random text; `make run` makes one."
)
DEBUG = False
PUBLIC_URL = env.url("PUBLIC_URL", "http://127.0.0.1:8000")
# Loopback names stay in, because health probes use them.
ALLOWED_HOSTS = [
    *env.listing("ALLOWED_HOSTS"),
    urlsplit(PUBLIC_URL).hostname or "localhost",
    *("localhost", "127.0.0.1", "[::1]"),
]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Recado's own -----------------------------------------------------------
INTEGRATIONS_KEY = env.root_key(
    "INTEGRATIONS_KEY",
    env.text(
        "INTEGRATIONS_KEY",
        cure="Make one with `python manage.py vault_genkey`; without it no credential can be read.",
    ),
)
INTEGRATIONS_KEYS_OLD = env.root_keys("INTEGRATIONS_KEYS_OLD")
SANDBOX_ENABLED = env.flag("RECADO_SANDBOX")
HAS_WALLS = True  # row-level security between workspaces; see accounts/walls.py
# What proves the sender when one callback URL serves a whole Meta app or BSP account.
INSTALLATION_SECRETS = {
    "meta_cloud": {
        "app_secret": env.text("META_APP_SECRET", ""),
        "verify_token": env.text("META_VERIFY_TOKEN", ""),
    },
    "dialog360": {
        "webhook_secret": env.text("BSP_WEBHOOK_SECRET", ""),
    },
}
PROVIDER_SETTINGS = {
    "meta_cloud": {
        "api_base": env.url("META_API_BASE", "https://graph.facebook.com"),
        "api_version": env.text("META_API_VERSION", "v25.0"),
    },
    "dialog360": {
        "api_base": env.url("BSP_API_BASE", "https://waba-v2.360dialog.io"),
        "api_key": env.text("BSP_API_KEY", ""),
        "token_header": env.text("BSP_TOKEN_HEADER", "X-Bsp-Token"),
        # As a partner, numbers are connected by a link; see dialog360/onboarding.py.
        "partner_id": env.text("BSP_PARTNER_ID", ""),
        "partner_key": env.text("BSP_PARTNER_KEY", ""),
        "partner_api_base": env.url(
            "BSP_PARTNER_API_BASE", "https://hub.360dialog.io/api/v2"
        ),
        "hub_base": env.url("BSP_HUB_BASE", "https://hub.360dialog.com"),
    },
    "sandbox": {"api_base": PUBLIC_URL},  # its gateway is a part of Recado
}
# Hosts that the egress guard lets through although their addresses are private.
EGRESS_ALLOWED_HOSTS = env.hosts("EGRESS_ALLOWED_HOSTS")
if SANDBOX_ENABLED:  # the simulated phone posts to our own webhook
    EGRESS_ALLOWED_HOSTS.append(urlsplit(PUBLIC_URL).netloc)
OUTBOX_LEASE_SECONDS = env.integer("OUTBOX_LEASE_SECONDS", 60, least=5, most=3600)
# Where the number of the newest send rests outside the database; see services/fence.py.
OUTBOX_FENCE_FILE: Path | None = Path(
    env.text("OUTBOX_FENCE_FILE", str(VAR_DIR / "outbox-fence"))
)
# How fast a number sends unless its own limits say otherwise; None is as fast as it goes.
SEND_RATES = {
    "channel": env.rate("RATE_SEND", "80/1s"),
    "on_phone": env.rate("RATE_SEND_ON_PHONE", "20/1s"),
    "recipient": env.rate("RATE_SEND_RECIPIENT", "10/1m"),
}
# Received files: how much of one is kept, by kind; how many pixels are decoded at most.
MEDIA_LIMITS = env_storage.limits()
MEDIA_MAX_PIXELS = env.integer(
    "MEDIA_MAX_PIXELS", 40_000_000, least=10_000, most=200_000_000
)
MEDIA_FETCH_SECONDS = env.integer("MEDIA_FETCH_SECONDS", 100, least=1, most=3600)
MEDIA_LEASE_SECONDS = env.integer("MEDIA_LEASE_SECONDS", 300, least=5, most=7200)
# Who sends with templates: a word for each kind, and what finds them. A room above adds its
# line here; whatsapp/services/template_uses.py says what is asked of it.
TEMPLATE_USERS = {
    "queued": "whatsapp.services.template_uses.QueuedMessages",
    "notifications": "tickets.services.template_users.NotificationRules",
}
INBOX_LEASE_SECONDS = env.integer("INBOX_LEASE_SECONDS", 60, least=5, most=3600)
WEBHOOK_MAX_BYTES = env.integer("WEBHOOK_MAX_BYTES", 4 * 1024 * 1024, least=1024)
WEBHOOK_BODY_SECONDS = env.integer("WEBHOOK_BODY_SECONDS", 10, least=1, most=300)

# Addresses of the proxies in front of us: X-Forwarded-For counts from them alone.
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
# How often one may try, as (count, seconds); None is without limit. See accounts/limits.py.
RATE_LIMITS = {
    "sign_in_address": env.rate("RATE_SIGN_IN_ADDRESS", "60/5m"),
    "sign_in_account": env.rate("RATE_SIGN_IN_ACCOUNT", "10/5m"),
    "sso_address": env.rate("RATE_SSO_ADDRESS", "60/5m"),
    "sso_account": env.rate("RATE_SSO_ACCOUNT", "30/5m"),
    "second_factor": env.rate("RATE_SECOND_FACTOR", "6/5m"),
    "invitation_workspace": env.rate("RATE_INVITATION_WORKSPACE", "50/1h"),
    "invitation_recipient": env.rate("RATE_INVITATION_RECIPIENT", "10/1h"),
    "invitation_address": env.rate("RATE_INVITATION_ADDRESS", "30/10m"),
    "api_token": env.rate("RATE_API_TOKEN", "1200/1m"),
    "api_address": env.rate("RATE_API_ADDRESS", "2400/1m"),
    "api_refused": env.rate("RATE_API_REFUSED", "60/1m"),
    "oauth_address": env.rate("RATE_OAUTH_ADDRESS", "1200/1m"),
    "oauth_client": env.rate("RATE_OAUTH_CLIENT", "30000/1m"),
    "link_click": env.rate("RATE_LINK_CLICK", "60/1m"),
    "ticket_page": env.rate("RATE_TICKET_PAGE", "60/1m"),
    "ticket_answer": env.rate("RATE_TICKET_ANSWER", "20/10m"),
    "ticket_event": env.rate("RATE_TICKET_EVENT", "1200/1m"),
    "ticket_event_refused": env.rate("RATE_TICKET_EVENT_REFUSED", "60/1m"),
}
# How long a link to the client's page of a ticket leads there.
TICKET_LINK_DAYS = env.integer("TICKET_LINK_DAYS", 30, least=1, most=3650)
# Event streams of open pages, in each process that serves them: see webhooks/streams.
LIVE_STREAMS_PER_SESSION = env.integer(
    "LIVE_STREAMS_PER_SESSION", 12, least=1, most=1000
)
LIVE_STREAMS_PER_WORKSPACE = env.integer(
    "LIVE_STREAMS_PER_WORKSPACE", 1000, least=1, most=100_000
)
# Of the receiver, counted in each of its processes: see webhooks/quotas.py.
WEBHOOK_RATES = {
    "requests": env.rate("RATE_WEBHOOK_REQUESTS", "200/1s"),
    "bytes": env.rate("RATE_WEBHOOK_BYTES", "20000000/1s"),
    "strangers": env.rate("RATE_WEBHOOK_STRANGERS", "60/1m"),
}

# --- applications -----------------------------------------------------------
INSTALLED_APPS = [
    "config",
    "webhooks",
    "tickets",
    "whatsapp",
    "integrations",
    "accounts",
    "accounts.sso",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "django_htmx",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "accounts.api.middleware.ApiMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # Pages travel at a fifth of their size; CSRF tokens are masked anew in each.
    "django.middleware.gzip.GZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.sso.middleware.BrowserSessionMiddleware",
    "accounts.middleware.SignInMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "config.errors.FormAddressMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.notices.LateNotices",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.LimitMiddleware",
    "accounts.middleware.WorkspaceMiddleware",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "config.ui.context",
            ],
            "libraries": {"ui": "config.ui"},
        },
    }
]

# --- database, cache, broker ------------------------------------------------
_database = env.database()
DATABASES = {
    "default": {
        **_database,
        "CONN_MAX_AGE": 0,
        # A server that was started again leaves broken connections in the pool: one 503 each.
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            **_database["OPTIONS"],  # type: ignore[dict-item]  # env.database gives a dict here
            "connect_timeout": 3,
            # A host that vanished without a word is given up, not waited for.
            "keepalives_idle": 30,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            # Planning is most of a short query's time (docs/adr/0018-prepared-queries.md).
            "server_side_binding": True,
            "prepare_threshold": 5
            if env.flag("DATABASE_PREPARED", default=True)
            else None,
            "pool": {
                "min_size": 1,
                "max_size": env.integer("DATABASE_POOL_SIZE", 8, least=1, most=200),
                "timeout": 10,
            },
        },
    }
}
# Whose tables they are: `migrate` connects so, and nothing that runs does. Empty where the
# run-time role is not kept apart, as in the tests.
DATABASE_OWNER = (
    env.database("DATABASE_OWNER_URL") if env.text("DATABASE_OWNER_URL", "") else None
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# The database, not Redis: a flushed Redis must reset neither a lock-out nor a session.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "django_cache",
        # Django's 300 would throw out marks of what is spent (states, codes of a second
        # factor) while they count, and so let them be used again.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
REDIS_URL = env.redis()

# --- people -----------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PeopleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
# Whoever has no account hears of none: the mail would offer a sign-up that is closed.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_SESSION_REMEMBER = True
# Without a mail server nothing is sent, and nothing is offered that would need it.
EMAIL_HOST = env.text("EMAIL_HOST", "")
EMAIL_PORT = env.integer("EMAIL_PORT", 587, least=1, most=65535)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = "django.core.mail.backends." + (
    "smtp.EmailBackend" if EMAIL_HOST else "dummy.EmailBackend"
)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "recado@localhost")
ACCOUNT_FORMS = {
    "login": "accounts.forms.LoginForm",
    "change_password": "accounts.forms.ChangePasswordForm",
}
# RATE_LIMITS hold there: allauth counts in the cache, which forgets when it is flushed.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": None,
    "reauthenticate": None,
    "change_password": None,
    "reset_password_from_key": None,
}
# The identity server, or None where people have only a password here.
OAUTH = env_oauth.read(PUBLIC_URL)
# Who says whether a bearer on /api/ is good; None: service tokens alone open it.
API_BEARERS = env_api.read(OAUTH)
CENTRAL_URL = env.url("CENTRAL_URL", "")  # of this installation's own identity server
# Signing in with a password here; beside an identity server it is for emergencies.
PASSWORD_SIGNIN = env.flag("PASSWORD_SIGNIN", default=True)
if OAUTH is None and not PASSWORD_SIGNIN:
    raise env.BadSetting(
        "PASSWORD_SIGNIN",
        "is off and there is no identity server, so nobody could sign in",
        "Set OIDC_ISSUER or OAUTH_SERVER_URL, or PASSWORD_SIGNIN=1.",
    )
# Who signs in for the first time and is mapped to no workspace: waits, or gets one.
SIGNIN_NEWCOMERS = env.choice(
    "SIGNIN_NEWCOMERS", "invitation", among=["invitation", "workspace"]
)
# Beside a password, for whoever sets one up; see accounts/factors.py.
MFA_ADAPTER = "accounts.factors.MFAAdapter"
MFA_FORMS = {
    "authenticate": "accounts.forms.second_factors.AuthenticateForm",
    "authenticate_webauthn": "accounts.forms.second_factors.AuthenticateKeyForm",
    "reauthenticate": "accounts.forms.second_factors.ReauthenticateForm",
    "reauthenticate_webauthn": "accounts.forms.second_factors.ReauthenticateKeyForm",
    "activate_totp": "accounts.forms.second_factors.ActivateTOTPForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = False
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PUBLIC_URL.startswith("https://")
SOCIALACCOUNT_ADAPTER = "accounts.sso.adapter.SSOAccountAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
# Unused for so long, or this old, a browser session ends.
SESSION_IDLE_HOURS = env.integer("SESSION_IDLE_HOURS", 168, least=1, most=8760)
SESSION_MAX_DAYS = env.integer("SESSION_MAX_DAYS", 30, least=1, most=365)
SESSION_COOKIE_AGE = SESSION_MAX_DAYS * 24 * 3600
SESSION_COOKIE_NAME = "recado_session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "recado_csrf"
CSRF_COOKIE_HTTPONLY = True

# --- language and time ------------------------------------------------------
LANGUAGE_CODE = "pt-br"
LANGUAGES = [("pt-br", "Português (Brasil)"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
FORMAT_MODULE_PATH = ["config.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- static files and browser safety ----------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(VAR_DIR / "staticfiles")))
# The pictures of the guide lie beside its texts.
STATICFILES_DIRS = [
    BASE_DIR / "static",
    ("guide", BASE_DIR / "docs" / "guide" / "images"),
]
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / "media"))).resolve()
STORAGES = {
    "default": env_storage.read(MEDIA_ROOT),
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
# Files on their way, received or uploaded. Not /tmp, which is memory on many machines.
FILE_UPLOAD_TEMP_DIR: str | None = str(VAR_DIR / "scratch")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "media-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        # Browsers ask this of a form's redirects too: signing in and out leads there.
        "form-action": ["'self'", *(env_oauth.origins(OAUTH) if OAUTH else ())],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- logging ----------------------------------------------------------------
LOG_LEVEL = env.choice(
    "LOG_LEVEL", "INFO", among=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]
)
LOG_FORMAT = env.choice("LOG_FORMAT", "json", among=["json", "console"])
INTEGRATIONS_LOG_PATH = env.text("INTEGRATIONS_LOG_PATH", "")
LOGGING_CONFIG = "config.logging.configure"
LOGGING = {
    "level": LOG_LEVEL,
    "format": LOG_FORMAT,
    "integrations_path": INTEGRATIONS_LOG_PATH,
}
