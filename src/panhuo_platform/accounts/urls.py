"""Addresses of signing in and of one's own account. Of allauth's pages only those that are used here have one."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount.providers.openid_connect import views as oidc
from allauth.usersessions import views as sessions
from django.urls import include, path

from panhuo_platform.accounts import views
from panhuo_platform.organisations.access import anyone, signed_in

mine = (
    [
        path("", views.mine, name="mine"),
        path("password/", views.password, name="password"),
    ],
    "accounts",
)

urlpatterns = [
    path("", include(mine)),
    path("sign-in/", anyone(account.login), name="account_login"),
    path("sign-out/", anyone(account.logout), name="account_logout"),
    path("closed/", anyone(account.account_inactive), name="account_inactive"),
    path("again/", signed_in(account.reauthenticate), name="account_reauthenticate"),
    path("factor/code/", anyone(factor.authenticate), name="mfa_authenticate"),
    path("factor/again/", signed_in(factor.reauthenticate), name="mfa_reauthenticate"),
    path("factor/", signed_in(factor.index), name="mfa_index"),
    path("factor/activate/", signed_in(totp.activate_totp), name="mfa_activate_totp"),
    path("factor/deactivate/", signed_in(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("factor/recovery/", signed_in(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("factor/recovery/generate/", signed_in(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("factor/recovery/download/", signed_in(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("elsewhere/<str:provider_id>/", anyone(oidc.login), name="openid_connect_login"),
    path("elsewhere/<str:provider_id>/back/", anyone(oidc.callback), name="openid_connect_callback"),
    path("sessions/", signed_in(sessions.list_usersessions), name="usersessions_list"),
]
