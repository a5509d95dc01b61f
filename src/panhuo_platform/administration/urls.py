"""Addresses of the administrators' pages."""

from __future__ import annotations

from django.urls import path

from panhuo_platform.administration import assigning, auditing, views

app_name = "administration"
urlpatterns = [
    path("accounts/", views.accounts, name="accounts"),
    path("accounts/<str:username>/", views.account, name="account"),
    path("accounts/<str:username>/close/", views.close, name="close"),
    path("accounts/<str:username>/reset/", views.reset, name="reset"),
    path("accounts/<str:username>/appoint/", views.appoint, name="appoint"),
    path("accounts/<str:username>/hand-over/", views.hand_over, name="hand_over"),
    path("assignments/", assigning.assignments, name="assignments"),
    path("assignments/new/", assigning.grant, name="grant"),
    path("assignments/<int:number>/end/", assigning.end, name="end"),
    path("organisations/", views.organisations, name="organisations"),
    path("audit/", auditing.audit, name="audit"),
    path("audit/verify/", auditing.verify, name="verify"),
]
