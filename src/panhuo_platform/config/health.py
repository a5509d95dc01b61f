"""Is this process alive and its database at hand: for load balancers and service managers."""

from __future__ import annotations

from django.db import connection
from django.db.utils import Error
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from panhuo import __version__


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """200 where the database answers, else 503; says nothing that a stranger should not know."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            answered = cursor.fetchone() == (1,)
    except Error:
        answered = False
    return JsonResponse({"ok": answered, "version": __version__}, status=200 if answered else 503)
