"""All addresses of the platform."""

from __future__ import annotations

from django.urls import include, path
from django.views.i18n import set_language

from panhuo_platform.config.health import health
from panhuo_platform.organisations.access import anyone

handler403 = "panhuo_platform.config.errors.forbidden"

urlpatterns = [
    path("", include("panhuo_platform.workbench.urls")),
    path("health", anyone(health), name="health"),
    path("language/", anyone(set_language), name="set_language"),
    path("account/", include("panhuo_platform.accounts.urls")),
    path("administration/", include("panhuo_platform.administration.urls")),
    path("jobs/", include("panhuo_platform.jobs.urls")),
    path("deliveries/", include("panhuo_platform.deliveries.urls")),
    path("parcels/", include("panhuo_platform.parcels.urls")),
    path("identification/", include("panhuo_platform.identification.urls")),
    path("maps/", include("panhuo_platform.maps.urls")),
    path("api/", include("panhuo_platform.api.urls")),
]
