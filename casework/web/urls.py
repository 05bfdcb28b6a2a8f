from django.urls import path

from casework.web import cases, inbox, login, preferences

urlpatterns = [
    path("", login.front),
    path("login", login.login, name="login"),
    path("logout", login.logout, name="logout"),
    path("switch", login.switch, name="switch"),
    path("preferences", preferences.prefer, name="prefer"),
    path("inbox", inbox.show, name="inbox"),
    path("cases/<str:number>", cases.show, name="case"),
]
