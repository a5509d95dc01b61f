"""Addresses of the register."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from panhuo_platform.parcels.views import comparing, lists, register, shaping, upper

app_name = "parcels"
urlpatterns: list[URLPattern | URLResolver] = [
    path("", register.parcels, name="list"),
    path("low-efficiency", register.low_efficiency, name="low"),
    path("export", register.export, name="export"),
    path("exports/<uuid:key>", register.exported, name="exported"),
    path("exports/<uuid:key>/file", register.fetch, name="fetch"),
    path("legacy", lists.legacy, name="legacy"),
    path("legacy/seal", lists.propose_seal, name="propose_seal"),
    path("legacy/seal/<int:key>", lists.decide_seal, name="decide_seal"),
    path("legacy/seal/<int:key>/verify", lists.verify_seal, name="verify_seal"),
    path("issues", lists.issues, name="issues"),
    path("issues/<int:key>", lists.issue, name="issue"),
    path("snapshots", lists.snapshots, name="snapshots"),
    path("snapshots/<int:key>/verify", lists.verify_snapshot, name="verify_snapshot"),
    path("deliveries/<uuid:key>", comparing.comparison, name="compare"),
    path("deliveries/<uuid:key>/compare", comparing.compare, name="recompare"),
    path("deliveries/<uuid:key>/decide", comparing.decide, name="decide"),
    path("deliveries/<uuid:key>/accept", comparing.accept, name="accept"),
    path("deliveries/<uuid:key>/undo", comparing.undo, name="undo"),
    path("upper", upper.upper, name="upper"),
    path("issues/<int:key>/assign", lists.assign, name="assign"),
    path("parcel/<str:number>/issue", lists.report, name="report"),
    path("parcel/<str:number>", register.parcel, name="parcel"),
    path("parcel/<str:number>/split", shaping.split, name="split"),
    path("parcel/<str:number>/merge", shaping.merge, name="merge"),
    path("parcel/<str:number>/reshape", shaping.reshape, name="reshape"),
]
