"""The API put together: routes, one way to fail, and its OpenAPI 3.1 document."""

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.renderers import JSONRenderer

from casework.api import cases, evidence, exports, imports, ledger, work
from casework.api.body import StrictJson
from casework.api.login import LOGINS
from casework.api.problems import MEDIA_TYPE, Problem, handle_errors, wrong_method
from casework.receiving import bound

DESCRIPTION = """Cases, what may be done with them, and what is to do. Every change goes through one action path; errors
are RFC 9457 problem documents with a stable `code`. Deciders see parties by the part they play, never by name."""


class ReadableJson(JSONRenderer):
    """Chinese as Chinese, so that a person can read an answer too."""

    json_dumps_params = {"ensure_ascii": False}


class Api(NinjaAPI):
    def _get_urls(self) -> list[Any]:
        patterns = super()._get_urls()
        for pattern in patterns:
            pattern.callback = _finished(pattern.callback)
        return patterns

    def get_openapi_schema(self, **kwargs: Any) -> Any:
        """Every operation may answer with a problem document."""
        schema = super().get_openapi_schema(**kwargs)
        schema["components"]["schemas"]["Problem"] = Problem.json_schema()
        content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        for path in schema["paths"].values():
            for operation in path.values():
                operation["responses"]["default"] = {"description": "Refused, with the reason", "content": content}
        return schema


def _finished(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Nothing of a case is kept by caches; a wrong method is a problem document like every other error."""

    @functools.wraps(view)
    def finished(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.method == "POST" and request.path.endswith("/evidence"):
            bound(request)  # before a login looks for its mark in what is read
        response = view(request, *args, **kwargs)
        if response.status_code == 405:
            response = wrong_method(response["Allow"])
        response.setdefault("Cache-Control", "no-store")
        return response

    return finished


api = Api(
    title="Gongduan", version="1", description=DESCRIPTION, docs_url=None, auth=LOGINS, parser=StrictJson(),
    renderer=ReadableJson(),
    urls_namespace="api",
)  # fmt: skip
handle_errors(api)
api.add_router("", exports.router)
api.add_router("", cases.router)
api.add_router("", evidence.router)
api.add_router("", work.router)
api.add_router("", imports.router)
api.add_router("", ledger.router)
