from django.urls import path, re_path

from casework.api.health import healthz, readyz
from casework.api.problems import no_path
from casework.api.urls import api

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("api/v1/", api.urls),
    re_path(r"^api/", no_path),
]
