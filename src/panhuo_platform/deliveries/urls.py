"""Addresses of deliveries."""

from __future__ import annotations

from django.urls import path

from panhuo_platform.deliveries.views import asking, findings, layers, listing, sending

app_name = "deliveries"
urlpatterns = [
    path("", listing.listed, name="list"),
    path("new/", sending.new, name="new"),
    path("requests/", asking.requests, name="requests"),
    path("requests/<int:pk>/cancel", asking.cancel_request, name="cancel_request"),
    path("completeness/", asking.completeness, name="completeness"),
    path("<uuid:key>/", listing.shown, name="delivery"),
    path("<uuid:key>/progress", listing.progress, name="progress"),
    path("<uuid:key>/upload/", sending.upload, name="upload"),
    path("<uuid:key>/uploads/", sending.begin, name="begin"),
    path("<uuid:key>/uploads/<uuid:upload>", sending.part, name="part"),
    path("<uuid:key>/uploads/<uuid:upload>/drop", sending.drop, name="drop"),
    path("<uuid:key>/receive", sending.receive, name="receive"),
    path("<uuid:key>/check", listing.check, name="check"),
    path("<uuid:key>/accept", listing.accept, name="accept"),
    path("<uuid:key>/undo", listing.undo, name="undo"),
    path("<uuid:key>/withdraw", listing.withdraw, name="withdraw"),
    path("<uuid:key>/repairs", listing.adopt, name="adopt"),
    path("<uuid:key>/findings/", findings.findings, name="findings"),
    path("<uuid:key>/findings.xlsx", findings.exported, name="findings_export"),
    path("<uuid:key>/layers/<int:number>/", layers.layer, name="layer"),
    path("<uuid:key>/layers/<int:number>/bad-rows.xlsx", layers.bad_rows, name="bad_rows"),
    path("<uuid:key>/resubmit", layers.resubmit, name="resubmit"),
    path("<uuid:key>/layers/<int:number>/rows/<int:row>/", findings.mend, name="mend"),
]
