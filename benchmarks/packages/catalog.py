"""The packages that are looked into, and what each needs in a small project; what they do is found out by running them."""

# ruff: noqa: E501 - settings are lines of their own

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One package: its name on PyPI, its top-level modules, its apps and whatever else it needs.

    `before` runs before the settings are made, `setup` after the tables are. `only` is what those of its middleware are
    called that are looked into. `view` is the body of an async view that uses it, `urls` more pages. `needs` are packages
    installed with it.
    """

    distribution: str
    modules: tuple[str, ...]
    apps: tuple[str, ...] = ()
    before: str = ""
    setup: str = ""
    view: str = ""
    urls: str = ""
    only: str = ""
    needs: tuple[str, ...] = ()


def case(distribution: str, module: str = "", **more: object) -> Case:
    """A case whose module and app are named like the package unless told otherwise."""
    module = module or distribution.replace("-", "_").lower()
    given = {"apps": (module,), **more}
    return Case(distribution, (module,), **given)  # type: ignore[arg-type]


ALLAUTH = "MIDDLEWARE.append('allauth.account.middleware.AccountMiddleware')\n"
SENTRY = """
import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
sentry_sdk.init(dsn="http://k@127.0.0.1:9/1", send_default_pii=True, traces_sample_rate=1.0,
    transport=lambda event: None,
    integrations=[DjangoIntegration()])
"""

CASES = (
    # access, identity
    case("django-allauth", "allauth", apps=("allauth", "allauth.account"), before=ALLAUTH),
    case(
        "django-axes",
        "axes",
        before="AUTHENTICATION_BACKENDS = ['axes.backends.AxesStandaloneBackend', 'django.contrib.auth.backends.ModelBackend']\n",
    ),
    case("django-otp"),
    case(
        "django-two-factor-auth",
        "two_factor",
        apps=("django_otp", "django_otp.plugins.otp_static", "django_otp.plugins.otp_totp", "two_factor"),
        needs=("phonenumbers",),
    ),
    case("social-auth-app-django", "social_django"),
    case("django-oauth-toolkit", "oauth2_provider"),
    case(
        "mozilla-django-oidc",
        before="OIDC_OP_AUTHORIZATION_ENDPOINT = OIDC_OP_TOKEN_ENDPOINT = OIDC_OP_USER_ENDPOINT = 'http://localhost/'\nOIDC_RP_CLIENT_ID = OIDC_RP_CLIENT_SECRET = 'x'\nOIDC_RP_SIGN_ALGO = 'HS256'\n",
        urls="urlpatterns.append(path('oidc/', include('mozilla_django_oidc.urls')))\n",
    ),
    case("djangosaml2", apps=("djangosaml2",)),
    case(
        "django-guardian",
        "guardian",
        before="AUTHENTICATION_BACKENDS = ['django.contrib.auth.backends.ModelBackend', 'guardian.backends.ObjectPermissionBackend']\n",
    ),
    case("django-hijack", "hijack"),
    case("django-impersonate", "impersonate"),
    case("django-stronghold", "stronghold"),
    case("django-login-required-middleware", "login_required"),
    case("django-user-sessions", "user_sessions"),
    case("django-session-timeout", apps=()),
    case("django-session-security", "session_security", before="SESSION_EXPIRE_AT_BROWSER_CLOSE = True\n"),
    case(
        "django-defender",
        "defender",
        before="DEFENDER_REDIS_URL = None\nDEFENDER_MOCK_REDIS = True\n",
        needs=("mockredispy",),
    ),
    case(
        "django-sesame",
        "sesame",
        apps=(),
        before="AUTHENTICATION_BACKENDS = ['django.contrib.auth.backends.ModelBackend', 'sesame.backends.ModelBackend']\n",
    ),
    case("django-lockdown", "lockdown", before="LOCKDOWN_PASSWORDS = ('x',)\n"),
    case("django-iprestrict", "iprestrict", before="IPRESTRICT_GEOIP_ENABLED = False\n"),
    case("django-admin-ip-restrictor", "admin_ip_restrictor", apps=()),
    case("django-request-token", "request_token"),
    # headers, hosts, requests
    case("django-cors-headers", "corsheaders", before="CORS_ALLOW_ALL_ORIGINS = True\n"),
    case("django-csp", "csp"),
    case("django-permissions-policy", apps=(), before="PERMISSIONS_POLICY = {'camera': []}\n"),
    case("django-feature-policy", "django_permissions_policy", apps=(), before="FEATURE_POLICY = {'camera': []}\n"),
    case("django-referrer-policy", apps=(), before="REFERRER_POLICY = 'same-origin'\n"),
    case("django-security", "security"),
    case(
        "django-ratelimit",
        apps=("django_ratelimit",),
        before="SILENCED_SYSTEM_CHECKS = ['django_ratelimit.E003']\nRATELIMIT_VIEW = 'django.views.defaults.permission_denied'\n",
    ),
    case(
        "django-hosts",
        before="ROOT_HOSTCONF = 'probe_urls'\nDEFAULT_HOST = 'www'\n",
        urls="from django_hosts import host, patterns\nhost_patterns = patterns('', host('www', 'probe_urls', name='www'))\n",
    ),
    case("django-subdomains", "subdomains", apps=(), before="SUBDOMAIN_URLCONFS = {None: 'probe_urls'}\n"),
    case("django-htmx"),
    case("django-user-agents"),
    case(
        "django-maintenance-mode",
        "maintenance_mode",
        before="import os\nos.environ['DJANGO_SETTINGS_MODULE'] = 'probe_settings'\n",
    ),
    case("django-xforwardedfor-middleware", "x_forwarded_for", apps=()),
    case("django-http-compression", apps=()),
    case("django-brotli", apps=()),
    case("django-minify-html", apps=()),
    case("django-htmlmin", "htmlmin", apps=(), before="HTML_MINIFY = True\n"),
    case("whitenoise", apps=()),
    case(
        "django-downloadview",
        apps=("django_downloadview",),
        before="DOWNLOADVIEW_BACKEND = 'django_downloadview.nginx.XAccelRedirectMiddleware'\nDOWNLOADVIEW_RULES = [{'source_url': '/media/', 'destination_url': '/x/'}]\n",
    ),
    case("django-pipeline", "pipeline"),
    case("django-compressor", "compressor"),
    case("django-mobile", apps=("django_mobile",)),
    case("django-tz-detect", "tz_detect"),
    case("inertia-django", "inertia", before="INERTIA_LAYOUT = 'x.html'\n"),
    case("django-redirects", "redirects", apps=()),
    # logs, traces, errors, metrics
    case("django-structlog", needs=("structlog",)),
    case("django-guid"),
    case("django-cid", "cid", apps=("cid.apps.CidAppConfig",)),
    case("django-log-request-id", "log_request_id", apps=()),
    case("django-request-logging", "request_logging", apps=()),
    case("django-datadog-logger", apps=()),
    case("django-prometheus", before="PROMETHEUS_EXPORT_MIGRATIONS = False\n"),
    case("django-statsd", apps=("django_statsd",)),
    case(
        "sentry-sdk", "sentry_sdk", apps=(), before=SENTRY, view="import sentry_sdk\nsentry_sdk.capture_message('used')"
    ),
    case(
        "opentelemetry-instrumentation-django",
        "opentelemetry",
        apps=(),
        before="import os\nos.environ['DJANGO_SETTINGS_MODULE'] = ''\n",
        needs=("opentelemetry-instrumentation-asgi", "opentelemetry-sdk"),
    ),
    case(
        "elastic-apm",
        "elasticapm",
        apps=("elasticapm.contrib.django",),
        before="ELASTIC_APM = {'SERVICE_NAME': 'x', 'SERVER_URL': 'http://127.0.0.1:9', 'DISABLE_SEND': True, 'CLOUD_PROVIDER': 'none', 'CENTRAL_CONFIG': False}\n",
    ),
    case("scout-apm", "scout_apm", apps=("scout_apm.django",), before="SCOUT_MONITOR = False\n"),
    case("rollbar", apps=(), before="ROLLBAR = {'access_token': 'x', 'environment': 'x', 'enabled': False}\n"),
    case(
        "bugsnag",
        apps=(),
        before="BUGSNAG = {'api_key': 'a' * 32, 'endpoint': 'http://127.0.0.1:9', 'session_endpoint': 'http://127.0.0.1:9', 'asynchronous': False}\n",
    ),
    case("honeybadger", apps=(), before="HONEYBADGER = {'API_KEY': 'x', 'ENDPOINT': 'http://127.0.0.1:9'}\n"),
    case("raygun4py", apps=(), before="RAYGUN4PY_CONFIG = {'api_key': ''}\n"),
    case("posthog", apps=()),
    case("honeycomb-beeline", "beeline", apps=()),
    case("logfire", apps=(), needs=("opentelemetry-instrumentation-django", "opentelemetry-instrumentation-asgi")),
    # development, profiling
    case(
        "django-debug-toolbar",
        "debug_toolbar",
        before="DEBUG = True\nINTERNAL_IPS = ['127.0.0.1']\nDEBUG_TOOLBAR_CONFIG = {'SHOW_TOOLBAR_CALLBACK': lambda request: True, 'IS_RUNNING_TESTS': False}\n",
        urls="urlpatterns.append(path('__debug__/', include('debug_toolbar.urls')))\n",
    ),
    case("django-silk", "silk", urls="urlpatterns.append(path('silk/', include('silk.urls', namespace='silk')))\n"),
    case("django-querycount", "querycount", apps=(), before="DEBUG = True\n"),
    case("nplusone", apps=("nplusone.ext.django",)),
    case("django-zeal", "zeal"),
    case("pyinstrument", apps=()),
    case("django-cprofile-middleware", apps=()),
    case("django-request-profiler", "request_profiler"),
    case("django-query-profiler", apps=()),
    case("django-browser-reload"),
    case("django-extensions"),
    # audit, history, the current user
    case("django-auditlog", "auditlog"),
    case("django-easy-audit", "easyaudit"),
    case("django-simple-history", "simple_history"),
    case("django-reversion", "reversion"),
    case("django-pghistory", "pghistory", apps=("pgtrigger", "pghistory")),
    case("django-crum", "crum", apps=()),
    case("django-currentuser", apps=()),
    case("django-threadlocals", "threadlocals", apps=()),
    case("django-request", "request"),
    case("django-tracking2", "tracking"),
    case("django-visits", "visits"),
    case("django-activity-stream", "actstream"),
    # flags, caches, content, tenants, APIs
    case("django-waffle", "waffle"),
    case("django-flags", "flags"),
    case("django-constance", "constance"),
    case("django-cachalot", "cachalot"),
    case("django-cacheops", "cacheops", before="CACHEOPS_REDIS = 'redis://127.0.0.1:9/1'\nCACHEOPS_ENABLED = False\n"),
    case(
        "wagtail",
        apps=(
            "wagtail.contrib.redirects",
            "wagtail.users",
            "wagtail.snippets",
            "wagtail.documents",
            "wagtail.images",
            "wagtail.search",
            "wagtail.admin",
            "wagtail",
            "modelcluster",
            "taggit",
        ),
    ),
    case(
        "django-cms",
        "cms",
        apps=("menus", "treebeard", "cms"),
        before="LANGUAGE_CODE = 'en'\nLANGUAGES = [('en', 'English')]\nCMS_CONFIRM_VERSION4 = True\n",
    ),
    case("django-modeltranslation", "modeltranslation", apps=()),
    case("django-rosetta", "rosetta"),
    case(
        "django-tenants",
        before="TENANT_MODEL = 'auth.Group'\nTENANT_DOMAIN_MODEL = 'auth.Group'\n",
        apps=(),
        needs=("psycopg2-binary",),
    ),
    case("django-tenant-schemas", "tenant_schemas", apps=(), needs=("psycopg2-binary",)),
    case("django-multitenant", apps=()),
    case("django-scopes", apps=()),
    case("graphene-django", before="GRAPHENE = {'SCHEMA': None}\n"),
    case("strawberry-graphql-django", "strawberry_django", needs=("django-debug-toolbar",)),
    case("djangorestframework", "rest_framework"),
    case("djangorestframework-simplejwt", "rest_framework_simplejwt", apps=()),
    case("drf-spectacular", apps=("rest_framework", "drf_spectacular")),
    case("django-ninja", "ninja", apps=()),
    case("django-filter", "django_filters"),
    case("channels", apps=("channels",)),
    case("django-unicorn", "django_unicorn"),
    case("django-components", apps=("django_components",)),
    case("django-cookie-consent", "cookie_consent"),
    case("django-dbconn-retry"),
    case("django-rls", apps=()),
    case("UnleashClient", "UnleashClient", apps=()),
)
