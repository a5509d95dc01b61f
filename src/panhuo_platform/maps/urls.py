"""Addresses of maps."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from panhuo_platform.maps import views

app_name = "maps"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.page, name="page"),
    path("layers", views.layers, name="layers"),
    path("figures", views.figures, name="figures"),
    path("search", views.search, name="search"),
    path("days", views.days, name="days"),
    path("print", views.printed, name="print"),
    path("parcels/<int:key>", views.card, name="card"),
    path("shapes/<str:number>", views.shape, name="shape"),
    path("tiles/<str:layer>/<int:zoom>/<int:column>/<int:row>.mvt", views.vector_tile, name="tile"),
    path("changes/runs/<int:run>", views.what_if_changes, name="what_if_changes"),
    path("changes/trials/<int:trial>", views.trial_changes, name="trial_changes"),
    path("basemap/<int:number>/<int:zoom>/<int:column>/<int:row>", views.basemap_picture, name="basemap"),
]
