"""Reads of the interfaces."""

from __future__ import annotations

from panhuo_platform.api.commands import BEGINNING, digest_of
from panhuo_platform.api.models import ApiToken, Tokens
from panhuo_platform.organisations.models import User


def tokens(user: User) -> Tokens:
    """The tokens that the user may see, newest first; the working ones before the others is the page's affair."""
    return ApiToken.objects.visible_to(user).select_related("owner", "revoked_by")


def by_secret(secret: str) -> ApiToken | None:
    """The token that somebody shows, good or not any more; None for one that never was."""
    if not secret.startswith(BEGINNING) or len(secret) > 200:
        return None
    return ApiToken.objects.select_related("owner").filter(digest=digest_of(secret)).first()
