"""What the lists and forms of the back office share: rows within reach, changes by the domain, words on refusal."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.admin import ShowFacets, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from casework.domain.errors import OutOfScope, Refusal
from casework.domain.office import rows_of
from casework.models import Unit
from casework.queries.sight import nothing_there

PAGE = 50
LABELS = {
    "code": gettext_lazy("Code"), "parent": gettext_lazy("Part of"), "no": gettext_lazy("Staff number"),
    "name": gettext_lazy("Name"), "unit": gettext_lazy("Unit"), "superior": gettext_lazy("Superior"),
    "email": gettext_lazy("Mail address"), "username": gettext_lazy("Login"), "person": gettext_lazy("Person"),
    "principal": gettext_lazy("In the stead of"), "first_day": gettext_lazy("First day"),
    "last_day": gettext_lazy("Last day"), "date": gettext_lazy("Day"), "working": gettext_lazy("Working day"),
    "holiday": gettext_lazy("Holiday"), "source": gettext_lazy("Source"),
}  # fmt: skip


class RowForm(forms.ModelForm):
    """Shows a refusal of the domain above what was entered."""

    refusal: str | None = None

    def clean(self) -> Any:
        if self.refusal:
            self.add_error(None, self.refusal)
        return super().clean()


class Rows(ModelAdmin):
    """A list and a form of one model. `made` and `changed` call the domain; without them nothing is added or changed.
    `acts` are buttons on a row's page: the method of that name is called on a POST, and on nothing else."""

    form = RowForm
    acts: tuple[str, ...] = ()
    title: Any = ""
    add_title: Any = ""
    settled: dict[str, str] = {}  # fields that stay as they were first entered, and what shows them
    actions = None
    list_per_page = PAGE
    list_max_show_all = 0
    show_facets = ShowFacets.NEVER
    view_on_site = False
    list_filter_sheet = False
    compressed_fields = True

    # What can be reached

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.changelist_view), name=f"{name}_changelist"),
            path("add/", wrap(self.add_view), name=f"{name}_add"),
            path("<int:object_id>/change/", wrap(self._change_view), name=f"{name}_change"),
            *(path(f"<int:pk>/{act}/", wrap(self._act_view(act)), name=f"{name}_{act}") for act in self.acts),
        ]

    def get_queryset(self, request: Any) -> QuerySet:
        return rows_of(request.office, self.model).order_by(*self.get_ordering(request))

    def lookup_allowed(self, lookup: str, value: str, request: Any = None) -> bool:
        """Only what a filter of the list offers: no address asks for anything else, least of all within passwords."""
        offered = [one if isinstance(one, str) else one.parameter_name for one in self.list_filter]
        return lookup.removesuffix("__exact") in offered

    def has_module_permission(self, request: Any) -> bool:
        return hasattr(request, "office")

    def has_view_permission(self, request: Any, obj: Any = None) -> bool:
        return hasattr(request, "office")

    def has_add_permission(self, request: Any) -> bool:
        return hasattr(self, "made") and hasattr(request, "office")

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return hasattr(self, "changed") and hasattr(request, "office")

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    # Lists

    def changelist_view(self, request: Any, extra_context: Any = None) -> HttpResponse:
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return super().changelist_view(request, {"title": self.title, **(extra_context or {})})

    # Forms

    def changeform_view(
        self, request: Any, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """What the domain refuses is said on the form, with what was entered."""
        told = {
            "show_save_and_continue": False, "show_save_and_add_another": False, **(extra_context or {}),
        }  # fmt: skip
        if object_id is None:
            told["title"] = self.add_title
        try:
            response = super().changeform_view(request, object_id, form_url, told)
            status = 422
        except Refusal as refusal:
            if request.method != "POST" or refusal.details.get("missing"):
                raise
            request.refusal, status = str(refusal), refusal.status
            response = super().changeform_view(request, object_id, form_url, told)
        if request.method == "POST" and response.status_code == 200:
            response.status_code = status
        return response

    def _change_view(self, request: Any, object_id: int) -> HttpResponse:
        return self.change_view(request, str(object_id))

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        form.refusal = getattr(request, "refusal", None)  # type: ignore[attr-defined]
        return form

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        return [self.settled.get(name, name) for name in self.fields] if obj else self.fields

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return tuple(self.settled.values()) if obj else ()

    def formfield_for_dbfield(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Nothing is added or changed from within a choice."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field is not None and db_field.name in LABELS:
            field.label, field.help_text = LABELS[db_field.name], ""
        for flag in ("can_add_related", "can_change_related", "can_delete_related", "can_view_related"):
            if field is not None and hasattr(field.widget, flag):
                setattr(field.widget, flag, False)
        return field

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Choices are the rows within reach."""
        kwargs.setdefault("queryset", rows_of(request.office, db_field.related_model))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: Any, obj: Any, form: Any, change: bool) -> None:
        """The domain makes or changes the row; the form's own stays unsaved."""
        values = dict(form.cleaned_data)
        if change:
            self.changed(request.office, obj, values)
        else:
            obj.pk = self.made(request.office, values).pk

    def log_addition(self, request: Any, obj: Any, message: Any) -> None:
        """The ledger has it."""

    def log_change(self, request: Any, obj: Any, message: Any) -> None:
        """The ledger has it."""

    def response_add(self, request: Any, obj: Any, post_url_continue: Any = None) -> HttpResponse:
        return self._done(request, obj.pk, _("Added, and recorded."))

    def response_change(self, request: Any, obj: Any) -> HttpResponse:
        return self._done(request, obj.pk, _("Changed, and recorded."))

    def _done(self, request: Any, pk: int, words: str) -> HttpResponse:
        messages.success(request, words)
        return redirect(reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[pk]))

    def _get_obj_does_not_exist_redirect(self, request: Any, opts: Any, object_id: str) -> HttpResponse:
        raise OutOfScope(nothing_there(), missing=True)

    # Buttons

    def _act_view(self, act: str) -> Callable[..., HttpResponse]:
        def view(request: Any, pk: int) -> HttpResponse:
            if request.method != "POST":
                return HttpResponseNotAllowed(["POST"])
            if not self.get_queryset(request).filter(pk=pk).exists():
                raise OutOfScope(nothing_there(), missing=True)
            done = getattr(self, act)(request, pk)
            return done if isinstance(done, HttpResponse) else self._done(request, pk, done)

        return view


class UnitFilter(SimpleListFilter):
    """Of the units within reach."""

    title = gettext_lazy("unit")
    parameter_name = "unit"
    path = "unit"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, str]]:
        units = rows_of(request.office, Unit).order_by("code").values_list("code", "name")
        return [(code, f"{code} {name}") for code, name in units]

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        return queryset.filter(**{f"{self.path}__code": self.value()}) if self.value() else queryset


class UnitOfPerson(UnitFilter):
    path = "person__unit"
