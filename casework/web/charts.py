"""The state chart of a case's type with the way this case has gone."""

from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from casework import queries
from casework.domain.law import law_by_number
from casework.pictures.path import path_of
from casework.pictures.svg import svg_of
from casework.queries.sight import nothing_there
from casework.web.visitor import page

DRAWN_ALONE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"  # its style stands in the picture


@require_safe
@page
def chart(request: Any, number: str) -> HttpResponse:
    """As SVG. There is none for whoever scores blind: where others stand is not theirs to notice."""
    law = law_by_number(number)
    sight, _case = queries.look_at(number, request.actor.person_id, request.actor.received_at)
    if sight.blind:
        raise nothing_there()
    response = HttpResponse(svg_of(law, path_of(law, number, request.actor)), content_type="image/svg+xml")
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = DRAWN_ALONE
    return response
