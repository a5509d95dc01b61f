"""Django's settings of the platform, out of :mod:`panhuo_platform.config.environment`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from django.utils.translation import gettext_lazy as _

from panhuo_platform.config import environment, libraries
from panhuo_platform.config.stores import store


def origin(address: str) -> str:
    """Scheme and host of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


HERE = Path(__file__).resolve().parent.parent
_given = environment.read()

HOME = _given.home
DEBUG = _given.debug
SECRET_KEY = _given.secret_key
ALLOWED_HOSTS = list(_given.hosts)
GDAL_LIBRARY_PATH = libraries.library("GDAL")
GEOS_LIBRARY_PATH = libraries.library("GEOS")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.gis",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "panhuo_platform.regions.apps.RegionsConfig",
    "panhuo_platform.organisations.apps.OrganisationsConfig",
    "panhuo_platform.audit.apps.AuditConfig",
    "panhuo_platform.pages.apps.PagesConfig",
    "panhuo_platform.accounts.apps.AccountsConfig",
    "panhuo_platform.administration.apps.AdministrationConfig",
    "panhuo_platform.jobs.apps.JobsConfig",
    "panhuo_platform.deliveries.apps.DeliveriesConfig",
    "panhuo_platform.parcels.apps.ParcelsConfig",
    "panhuo_platform.identification.apps.IdentificationConfig",
    "panhuo_platform.maps.apps.MapsConfig",
    "panhuo_platform.api.apps.ApiConfig",
    "panhuo_platform.workbench.apps.WorkbenchConfig",
    "panhuo_platform.demo",
    "panhuo_platform.config",  # its commands
]

AUTH_USER_MODEL = "organisations.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "panhuo_platform.accounts.passwords.KindsOfCharacters"},
]
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]

# Accounts are opened by the system administrator: nobody signs up, and there is no mail to reset a password by.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "panhuo_platform.accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_EMAIL_FIELD = None
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_CHANGE_EMAIL = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 600
#: Five wrong passwords from one place or for one account close it for a quarter of an hour.
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "20/15m/ip,5/15m/key", "reauthenticate": "5/15m/user"}
MFA_ADAPTER = "panhuo_platform.accounts.adapter.FactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "盘活"
USERSESSIONS_TRACK_ACTIVITY = False  # once a minute is enough: accounts.middleware
# The government's own identity service, where there is one. It says who somebody is; what they may do stands here.
SOCIALACCOUNT_ADAPTER = "panhuo_platform.accounts.elsewhere.ElsewhereAdapter"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_PROVIDERS = (
    {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "oidc", "name": _given.oidc.name, "client_id": _given.oidc.client,
                    "secret": _given.oidc.secret,
                    "settings": {"server_url": _given.oidc.server, "claim": _given.oidc.claim},
                }
            ],
        }
    }
    if _given.oidc
    else {}
)  # fmt: skip
#: Minutes without a request after which a session ends.
IDLE_MINUTES = _given.idle_minutes
#: Who signs in with a second factor: ``nobody`` has to, ``administrators``, or ``everybody``.
SECOND_FACTOR = _given.second_factor
#: What lies below the parcels on maps, the key of the service, whose map it is.
BASEMAP, BASEMAP_KEY, BASEMAP_SOURCE = _given.basemap, _given.basemap_key, _given.basemap_source

# Limits that several processes share, such as wrong passwords, lie in the database; what each may keep for itself in
# its memory.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "panhuo_cache"},
    "process": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}

#: The algorithm of new events of the audit; each event names its own. ``sm3`` where OpenSSL has it.
AUDIT_ALGORITHM = "sha256"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "panhuo_platform.audit.context.AuditContext",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "panhuo_platform.accounts.middleware.IdleTimeout",
    "panhuo_platform.accounts.middleware.FirstThingsFirst",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "panhuo_platform.config.urls"
WSGI_APPLICATION = "panhuo_platform.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "panhuo_platform.config.navigation.page",
            ],
        },
    }
]

DATABASES = {"default": store(_given.database_url, HOME)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("简体中文")), ("en", "English")]
LOCALE_PATHS = [HERE / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

#: Requests of the interfaces in a minute, of one token or one signed-in user.
API_RATE = _given.api_rate
#: Features or rows that one page of the interfaces holds at most.
API_PAGE_LIMIT = 10_000
#: Rows read in a day by one token or user, at each multiple of which the audit records an export.
API_EXPORT_ROWS = 1000

STATIC_URL = "/static/"
STATICFILES_DIRS = [HERE / "static"]
WHITENOISE_USE_FINDERS = True  # straight out of the package: names of built files carry their hash
WHITENOISE_IMMUTABLE_FILE_TEST = r"/static/panhuo/assets/.*-[\w-]{8}\."  # the hash in a name is of what it holds
MEDIA_ROOT = HOME / "attachments"

#: Bytes of one uploaded file, of all files that a user has sent and nobody has accepted yet, of one part on the way.
DELIVERY_FILE_LIMIT = 8 << 30
DELIVERY_QUOTA = 40 << 30
DELIVERY_PART = 8 << 20
#: What the archives of one delivery may unpack to.
DELIVERY_UNPACKED_LIMIT = 40 << 30

# Everything a page needs comes from this server; no page may run or load anything else.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "manifest-src": ["'self'"],
        # a form that leads to the identity service is followed by the browser only where this names it
        "form-action": ["'self'", *([origin(_given.oidc.server)] if _given.oidc else [])],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
if _given.https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
# Host names beside and below ours are other people's: whether they speak TLS is not for us to promise.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
