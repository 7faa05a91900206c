"""Django's settings, one file for every profile. What differs between machines comes from environment.py."""

import os
from typing import Any

from xinqiao.config import environment, secret
from xinqiao.server import places
from xinqiao.ui.csp import policy

ROOT = environment.ROOT
XINQIAO_HOME = environment.home()
XINQIAO_PROFILE = environment.profile()
XINQIAO_DB_ROLE = environment.role()
XINQIAO_FULL = os.environ.get("XINQIAO_FULL") == "1"
PRODUCTION = XINQIAO_PROFILE == "production"
TESTING = XINQIAO_PROFILE == "test"


def _listed(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


DEBUG = False
SECRET_KEY = secret.read()
ALLOWED_HOSTS = _listed("XINQIAO_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = _listed("XINQIAO_ORIGINS")

# Where the stream process answers, as browsers reach it; empty: pages reload instead of listening.
STREAM_URL = os.environ.get("XINQIAO_STREAM_URL", "")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "procrastinate.contrib.django",
    "xinqiao.ledger",
    "xinqiao.people",
    "xinqiao.files",
    "xinqiao.notices",
    "xinqiao.cases",
    "xinqiao.intake",
    "xinqiao.triage",
    "xinqiao.demo",
    "xinqiao.ui",
    "xinqiao.portal",
    "xinqiao.desk",
    "xinqiao.stream",
]
AUTH_USER_MODEL = "people.Account"
SILENCED_SYSTEM_CHECKS = ["auth.W004"]  # sign-in names are unique whatever their case: a constraint on Lower(username)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

MIDDLEWARE = [
    "xinqiao.probes.middleware.ProbesMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "xinqiao.ui.packing.PackingMiddleware",
    "xinqiao.api.middleware.ApiMiddleware",
    "csp.middleware.CSPMiddleware",
    "xinqiao.portal.kept.KeptPagesMiddleware",
    "xinqiao.people.middleware.TransactionMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "xinqiao.ui.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "xinqiao.people.middleware.ActorMiddleware",
    "xinqiao.people.middleware.DeskMiddleware",
    "xinqiao.ui.middleware.TooLargeMiddleware",
]

ROOT_URLCONF = "xinqiao.config.urls"
WSGI_APPLICATION = "xinqiao.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [environment.PACKAGE / "people" / "templates"],  # before allauth's own
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "xinqiao.ui.context.page",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "xinqiao.ui.templatetags.parts",
            ],
        },
    }
]

# --- Database: one PostgreSQL; every connection carries its role, and a role sees only what its policies allow.


def _database() -> dict[str, Any]:
    address = places.address(XINQIAO_DB_ROLE)
    limits = {"app": " -c statement_timeout=30s -c lock_timeout=10s -c idle_in_transaction_session_timeout=60s"}
    planned = " -c plan_cache_mode=force_generic_plan -c jit=off"  # of many small questions, see ledger/prepared.py
    options = f"-c role=xinqiao_{XINQIAO_DB_ROLE}{planned}{limits.get(XINQIAO_DB_ROLE, '')}"
    return {
        "ENGINE": "xinqiao.config.postgresql",
        "NAME": address.name,
        "USER": address.user,
        "PASSWORD": address.password,
        "HOST": address.host,
        "PORT": address.port,
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 10,
            **address.more,
            "options": options,
            "application_name": f"xinqiao-{XINQIAO_DB_ROLE}",
        },
    }


DATABASES = {"default": _database()}

# --- Jobs: every app may have a module `jobs` with tasks.

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = "jobs"
PROCRASTINATE_ON_APP_READY = None

# --- Language and time: Chinese is the source, law counts days in one zone.

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [environment.PACKAGE / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

# --- The interface for programs: requests a minute, by all web processes of a machine together, 0 is no limit.

API_TOKEN_PER_MINUTE = int(os.environ.get("XINQIAO_API_TOKEN_PER_MINUTE", "3000"))
API_ADDRESS_PER_MINUTE = int(os.environ.get("XINQIAO_API_ADDRESS_PER_MINUTE", "6000"))

# --- Static files: third-party ones are laid in by script/setup from the lock file.

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "build" / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = TESTING
WHITENOISE_AUTOREFRESH = TESTING

# --- Sign-in of staff; citizens prove themselves by phone or by number and code (people, portal).

AUTHENTICATION_BACKENDS = [
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/desk/account/login/"
LOGIN_REDIRECT_URL = "/desk/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/desk/account/login/"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_RATE_LIMITS = False  # people.attempts slows failures down, across processes
ACCOUNT_ADAPTER = "xinqiao.people.adapters.AccountAdapter"
MFA_ADAPTER = "xinqiao.people.adapters.MFAAdapter"
ACCOUNT_FORMS = {
    "login": "xinqiao.people.forms.LoginForm",
    "reauthenticate": "xinqiao.people.forms.ReauthenticateForm",
    "change_password": "xinqiao.people.forms.ChangePasswordForm",
}
MFA_FORMS = {
    "authenticate": "xinqiao.people.forms.AuthenticateForm",
    "reauthenticate": "xinqiao.people.forms.ReauthenticateCodeForm",
}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "心桥"
USERSESSIONS_TRACK_ACTIVITY = False
STAFF_TOTP_REQUIRED = PRODUCTION
DESK_IDLE_SECONDS = 1800
# In production a proxy stands in front (it ends TLS): without its word all visitors would share one address.
XINQIAO_TRUSTED_PROXIES = int(os.environ.get("XINQIAO_TRUSTED_PROXIES") or PRODUCTION)
XINQIAO_SEAL = os.environ.get("XINQIAO_SEAL", "")  # class of the electronic seal; "": print, stamp, scan back
XINQIAO_CRYPTO = os.environ.get("XINQIAO_CRYPTO", "")  # "guomi": SM4 and SM3 for what is written from now on
SESSION_COOKIE_AGE = 8 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- Web

SESSION_ENGINE = "xinqiao.people.sessions"
SESSION_COOKIE_NAME = "xinqiao"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "xinqiao-csrf"
CSRF_FAILURE_VIEW = "xinqiao.ui.errors.csrf_failure"
CSRF_COOKIE_HTTPONLY = False
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = "xinqiao-language"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
CONTENT_SECURITY_POLICY = policy(connect=[STREAM_URL] if STREAM_URL else [])
# Pages of matters that each web process keeps for a minute behind the check of who asks; 0: none.
XINQIAO_KEPT_PAGES = int(os.environ.get("XINQIAO_KEPT_PAGES", "0" if TESTING else "256"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
FILE_UPLOAD_TEMP_DIR = XINQIAO_HOME / "incoming"  # never the system's shared folder

# --- Mail: off until a server is named.

EMAIL_HOST = os.environ.get("XINQIAO_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("XINQIAO_SMTP_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("XINQIAO_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("XINQIAO_SMTP_PASSWORD", "")
EMAIL_USE_TLS = os.environ.get("XINQIAO_SMTP_TLS") == "1"
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("XINQIAO_SMTP_FROM", "xinqiao@localhost")

# --- Text messages: off until a gateway and its key are named.

SMS_URL = os.environ.get("XINQIAO_SMS_URL", "")
SMS_KEY = secret.given("XINQIAO_SMS_KEY")
SMS_SENDER = os.environ.get("XINQIAO_SMS_SENDER", "心桥")

# --- Real files for tests of real input; absent on most machines.

XINQIAO_TEST_DATA = os.environ.get("XINQIAO_TEST_DATA") or str(ROOT.parent / "shared" / "data")

# --- Logs: one JSON object a line, never personal data.

LOGGING_CONFIG = None
if not TESTING:
    from xinqiao.config import logs

    logs.configure()
