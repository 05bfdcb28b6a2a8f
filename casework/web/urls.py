from django.urls import path

from casework.web import (
    acting,
    cases,
    charts,
    files,
    inbox,
    login,
    password,
    preferences,
    recordings,
    search,
    uploading,
    verification,
)

urlpatterns = [
    path("", login.front),
    path("login", login.login, name="login"),
    path("logout", login.logout, name="logout"),
    path("switch", login.switch, name="switch"),
    path("password", password.change, name="password"),
    path("preferences", preferences.prefer, name="prefer"),
    path("v", verification.show, name="check"),
    path("v/<uuid:document_id>", verification.show, name="verify"),
    path("inbox", inbox.show, name="inbox"),
    path("search", search.show, name="search"),
    path("cases/<str:number>", cases.show, name="case"),
    path("cases/<str:number>/do/add_evidence", uploading.do, name="upload"),
    path("cases/<str:number>/do/<str:action>", acting.do, name="do"),
    path("cases/<str:number>/open/<str:type>", acting.open_on, name="open"),
    path("cases/<str:number>/done/<int:event>", acting.done, name="done"),
    path("cases/<str:number>/chart.svg", charts.chart, name="chart"),
    path("cases/<str:number>/recording/peaks.json", recordings.peaks, name="peaks"),
    path("cases/<str:number>/recording/<str:sha256>", recordings.play, name="recording"),
    path("cases/<str:number>/evidence/<str:sha256>", files.evidence, name="evidence"),
    path("documents/<str:document_id>.pdf", files.document, name="document"),
]
