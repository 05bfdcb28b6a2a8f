from django.urls import include, path, re_path

from casework.admin.urls import urls as office
from casework.api.health import healthz, readyz
from casework.api.metrics import metrics
from casework.api.problems import no_path
from casework.api.urls import api

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("api/v1/", api.urls),
    re_path(r"^api/", no_path),
    path("admin/", office),
    path("", include("casework.web.urls")),
]
handler400 = "casework.web.refusals.bad_request"
handler403 = "casework.web.refusals.forbidden"
handler404 = "casework.web.refusals.not_found"
handler500 = "casework.web.refusals.server_error"
