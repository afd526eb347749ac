"""List the middleware of packages: the first release that is async-capable, and the releases looked into.

Written by `python -m benchmarks.packages.table` from what running the releases showed; not to be edited.
"""

from __future__ import annotations

from asyncspy.analyse.third_party.facts import PackageMiddleware

MIDDLEWARE = (
    PackageMiddleware("django-allauth", "allauth.account.middleware.AccountMiddleware", "0.60.0", "0.58.2", "65.22.1"),
    PackageMiddleware(
        "django-allauth", "allauth.usersessions.middleware.UserSessionsMiddleware", None, "0.59.0", "65.22.1"
    ),
    PackageMiddleware("django-auditlog", "auditlog.middleware.AuditlogMiddleware", None, "3.4.1", "3.4.1"),
    PackageMiddleware("django-axes", "axes.middleware.AxesMiddleware", "6.3.0", "5.28.0", "8.3.1"),
    PackageMiddleware("django-cid", "cid.middleware.CidMiddleware", None, "3.0", "3.0"),
    PackageMiddleware("django-cms", "cms.middleware.language.LanguageCookieMiddleware", None, "5.0.13", "5.0.13"),
    PackageMiddleware("django-cms", "cms.middleware.page.CurrentPageMiddleware", None, "5.0.13", "5.0.13"),
    PackageMiddleware("django-cms", "cms.middleware.toolbar.ToolbarMiddleware", None, "5.0.13", "5.0.13"),
    PackageMiddleware("django-cms", "cms.middleware.user.CurrentUserMiddleware", None, "5.0.13", "5.0.13"),
    PackageMiddleware("django-cms", "cms.middleware.utils.ApphookReloadMiddleware", None, "5.0.13", "5.0.13"),
    PackageMiddleware("django-crum", "crum.CurrentRequestUserMiddleware", None, "0.7.9", "0.7.9"),
    PackageMiddleware(
        "django-currentuser", "django_currentuser.middleware.ThreadLocalUserMiddleware", None, "0.10.0", "0.10.0"
    ),
    PackageMiddleware("django-defender", "defender.middleware.FailedLoginMiddleware", None, "0.9.8", "0.9.8"),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.apache.middlewares.XSendfileMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.lighttpd.middlewares.XSendfileMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.middlewares.BaseDownloadMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.middlewares.DownloadDispatcherMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.middlewares.ProxiedDownloadMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.middlewares.RealDownloadMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.middlewares.SmartDownloadMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware(
        "django-downloadview",
        "django_downloadview.nginx.middlewares.SingleXAccelRedirectMiddleware",
        None,
        "2.5.0",
        "2.5.0",
    ),
    PackageMiddleware(
        "django-downloadview", "django_downloadview.nginx.middlewares.XAccelRedirectMiddleware", None, "2.5.0", "2.5.0"
    ),
    PackageMiddleware("django-htmlmin", "htmlmin.middleware.HtmlMinifyMiddleware", None, "0.11.0", "0.11.0"),
    PackageMiddleware("django-htmlmin", "htmlmin.middleware.MarkRequestMiddleware", None, "0.11.0", "0.11.0"),
    PackageMiddleware("django-htmx", "django_htmx.middleware.HtmxMiddleware", "1.10.0", "1.6.0", "1.29.0"),
    PackageMiddleware("django-lockdown", "lockdown.middleware.LockdownMiddleware", None, "5.0.0", "5.0.0"),
    PackageMiddleware("django-log-request-id", "log_request_id.middleware.RequestIDMiddleware", None, "2.1.2", "2.1.2"),
    PackageMiddleware(
        "django-minify-html", "django_minify_html.middleware.MinifyHtmlMiddleware", "1.2.0", "1.1.0", "1.14.0"
    ),
    PackageMiddleware(
        "django-oauth-toolkit", "oauth2_provider.middleware.OAuth2ExtraTokenMiddleware", None, "3.4.1", "3.4.1"
    ),
    PackageMiddleware(
        "django-oauth-toolkit", "oauth2_provider.middleware.OAuth2TokenMiddleware", None, "3.4.1", "3.4.1"
    ),
    PackageMiddleware("django-otp", "django_otp.middleware.OTPMiddleware", "1.7.0", "1.6.2", "1.7.5"),
    PackageMiddleware(
        "django-permissions-policy",
        "django_permissions_policy.PermissionsPolicyMiddleware",
        "4.13.0",
        "4.3.0",
        "4.34.0",
    ),
    PackageMiddleware("django-ratelimit", "django_ratelimit.middleware.RatelimitMiddleware", None, "4.0.0", "4.1.0"),
    PackageMiddleware(
        "django-referrer-policy", "django_referrer_policy.middleware.ReferrerPolicyMiddleware", None, "1.0", "1.0"
    ),
    PackageMiddleware("django-request-logging", "request_logging.middleware.LoggingMiddleware", None, "0.7.5", "0.7.5"),
    PackageMiddleware(
        "django-request-token", "request_token.middleware.RequestTokenMiddleware", None, "3.0.0", "3.0.0"
    ),
    PackageMiddleware("django-reversion", "reversion.middleware.RevisionMiddleware", None, "6.4.0", "6.4.0"),
    PackageMiddleware("django-sesame", "sesame.middleware.AuthenticationMiddleware", None, "3.2.5", "3.2.5"),
    PackageMiddleware("django-silk", "silk.middleware.SilkyMiddleware", None, "5.6.0", "5.6.0"),
    PackageMiddleware("django-statsd", "django_statsd.middleware.StatsdMiddleware", None, "3.0.0", "3.0.0"),
    PackageMiddleware("django-statsd", "django_statsd.middleware.StatsdMiddlewareTimer", None, "3.0.0", "3.0.0"),
    PackageMiddleware(
        "django-tenant-schemas", "tenant_schemas.middleware.BaseTenantMiddleware", None, "2.0.0", "2.0.0"
    ),
    PackageMiddleware(
        "django-tenant-schemas", "tenant_schemas.middleware.DefaultTenantMiddleware", None, "2.0.0", "2.0.0"
    ),
    PackageMiddleware(
        "django-tenant-schemas", "tenant_schemas.middleware.SuspiciousTenantMiddleware", None, "2.0.0", "2.0.0"
    ),
    PackageMiddleware("django-tenant-schemas", "tenant_schemas.middleware.TenantMiddleware", None, "2.0.0", "2.0.0"),
    PackageMiddleware(
        "django-two-factor-auth", "two_factor.middleware.threadlocals.ThreadLocals", None, "1.18.1", "1.18.1"
    ),
    PackageMiddleware(
        "django-user-agents", "django_user_agents.middleware.UserAgentMiddleware", None, "0.3.2", "0.4.0"
    ),
    PackageMiddleware("honeybadger", "honeybadger.contrib.django.DjangoHoneybadgerMiddleware", None, "1.3.0", "1.3.0"),
    PackageMiddleware("honeycomb-beeline", "beeline.middleware.django.HoneyMiddleware", None, "3.6.0", "3.6.0"),
    PackageMiddleware("honeycomb-beeline", "beeline.middleware.django.HoneyMiddlewareBase", None, "3.6.0", "3.6.0"),
    PackageMiddleware("honeycomb-beeline", "beeline.middleware.django.HoneyMiddlewareHttp", None, "3.6.0", "3.6.0"),
    PackageMiddleware("honeycomb-beeline", "beeline.middleware.django.HoneyMiddlewareWithPOST", None, "3.6.0", "3.6.0"),
    PackageMiddleware("inertia-django", "inertia.middleware.InertiaMiddleware", None, "2.0.0", "2.0.0"),
    PackageMiddleware(
        "opentelemetry-instrumentation-django",
        "opentelemetry.instrumentation.django.middleware.otel_middleware._DjangoMiddleware",
        None,
        "0.66b2",
        "0.66b2",
    ),
    PackageMiddleware(
        "opentelemetry-instrumentation-django",
        "opentelemetry.instrumentation.django.middleware.sqlcommenter_middleware.SqlCommenter",
        None,
        "0.66b2",
        "0.66b2",
    ),
    PackageMiddleware("scout-apm", "scout_apm.django.middleware.MiddlewareTimingMiddleware", None, "4.0.0", "4.0.0"),
    PackageMiddleware("scout-apm", "scout_apm.django.middleware.ViewTimingMiddleware", None, "4.0.0", "4.0.0"),
    PackageMiddleware(
        "social-auth-app-django", "social_django.middleware.SocialAuthExceptionMiddleware", "5.9.0", "5.4.1", "8.0.0"
    ),
    PackageMiddleware("whitenoise", "whitenoise.middleware.WhiteNoiseMiddleware", None, "6.2.0", "6.12.0"),
)
