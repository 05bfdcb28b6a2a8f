"""The back office at /admin/: Django's admin in Unfold's dress, behind our own door.

Whoever comes in has the site's session, language and light; what they may do stands in casework.domain.office. Of
Django's admin only lists, forms and look-ups are reachable: no deletion, no history, no login or password page of its
own (ADR 0016)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, re_path, reverse
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from casework.domain.office import office_of
from casework.web.preferences import theme_of
from casework.web.visitor import page

# code of the list, icon, what it is called, what is done there
LISTS = (
    ("unit", "account_tree", _("Units"), _("The tree of the organisation, in which every grant stands.")),
    ("person", "badge", _("People"), _("Who there is, where they work, and who is their superior.")),
    ("account", "login", _("Accounts"), _("With which names people log in: first passwords, closing, opening again.")),
    ("grant", "key", _("Grants"), _("Who may act in which role, on which unit and below, from when until when, "
                                    "in whose stead.")),
    ("leave", "beach_access", _("Leaves"), _("Who is away: not offered work, and not deemed served.")),
    ("calendarday", "calendar_month", _("Calendar days"), _("Days that a notice makes off or working.")),
    ("clock", "alarm", _("Stuck clocks"), _("Deadlines that are over and could not act, and why; tried again here.")),
    ("delivery", "outbox", _("Stuck deliveries"), _("Notices, drafts and seals that keep failing, and why; tried "
                                                    "again here.")),
)  # fmt: skip


class OfficeSite(UnfoldAdminSite):
    """`request.office` is what the visitor may administer."""

    site_title = site_header = index_title = _("Back office")
    enable_nav_sidebar = True

    def get_urls(self) -> list[URLPattern | URLResolver]:
        lists = [
            path(f"{model._meta.app_label}/{model._meta.model_name}/", include(model_admin.urls))
            for model, model_admin in self._registry.items()
        ]
        return [
            path("", self.admin_view(self.index), name="index"),
            re_path(r"^login/?$", _to_login, name="login"),
            path("autocomplete/", self.admin_view(self.autocomplete_view), name="autocomplete"),
            path("jsi18n/", self.admin_view(self.i18n_javascript, cacheable=True), name="jsi18n"),
            re_path(r"^(?P<app_label>casework)/$", self.admin_view(self.app_index), name="app_list"),
            *lists,
            re_path(r"", self.admin_view(self.catch_all_view)),
        ]

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., HttpResponse]:
        """Only for whoever has an office: `request.office`."""

        @page
        @wraps(view)
        def asked(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            request.office = office_of(request.actor, request.account)
            request.user = request.account  # Django's admin asks there; who it is has been found out already
            return view(request, *args, **kwargs)

        return asked

    def has_permission(self, request: Any) -> bool:
        return hasattr(request, "office")

    def index(self, request: Any, extra_context: Any = None) -> TemplateResponse:
        lists = [
            {"address": reverse(f"admin:casework_{name}_changelist"), "icon": icon, "title": title, "words": words}
            for name, icon, title, words in LISTS
        ]
        told = {**self.each_context(request), "title": self.index_title, "lists": lists}
        return TemplateResponse(request, "casework/office/index.html", told)

    def app_index(self, request: Any, app_label: str, extra_context: Any = None) -> HttpResponse:
        return redirect("admin:index")

    def catch_all_view(self, request: Any, url: str = "") -> HttpResponse:
        """An address without its last slash is put right; everything else is not there."""
        if request.method in ("GET", "HEAD") and not request.path_info.endswith("/"):
            return super().catch_all_view(request, request.path_info.removeprefix(reverse("admin:index")))
        raise Http404

    def get_app_list(self, request: Any, app_label: str | None = None) -> list[dict[str, Any]]:
        return []  # the sidebar has its own list


def _to_login(request: Any) -> HttpResponse:
    return redirect(f"{reverse('login')}?next={reverse('admin:index')}")


def navigation(request: Any) -> list[dict[str, Any]]:
    items = [
        {"title": title, "icon": icon, "link": reverse(f"admin:casework_{name}_changelist")}
        for name, icon, title, _words in LISTS
    ]
    return [{"title": None, "items": items}]


def theme(request: Any) -> str:
    """As on the other pages; nothing where the system decides."""
    chosen = theme_of(request)
    return "" if chosen == "system" else chosen


site = OfficeSite()


def registered(model: Any) -> Callable[[type[ModelAdmin]], type[ModelAdmin]]:
    """The class shows and changes that model's rows."""

    def register(model_admin: type[ModelAdmin]) -> type[ModelAdmin]:
        site.register(model, model_admin)
        return model_admin

    return register
