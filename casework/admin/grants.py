from datetime import datetime
from typing import Any

from django import forms
from django.contrib.admin import SimpleListFilter, display
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminSingleDateWidget

from casework.admin.rows import RowForm, Rows, UnitFilter
from casework.admin.site import registered
from casework.domain import staffing
from casework.domain.directory import local_day
from casework.domain.now import now
from casework.domain.policy import current_policy
from casework.domain.wording import local_text, role_label
from casework.models import Grant


class GrantForm(RowForm):
    role = forms.ChoiceField(label=gettext_lazy("Role"), widget=UnfoldAdminSelectWidget())
    first_day = forms.DateField(
        label=gettext_lazy("First day"), required=False, widget=UnfoldAdminSingleDateWidget(),
        help_text=gettext_lazy("Open if left empty."),
    )  # fmt: skip
    last_day = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=UnfoldAdminSingleDateWidget(),
        help_text=gettext_lazy("Included. Open if left empty."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            self.fields["role"].choices = [("", "—"), *((c, role_label(c)) for c in current_policy().roles)]


class Holding(SimpleListFilter):
    title = gettext_lazy("validity")
    parameter_name = "holds"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("now", _("now or later")), ("over", _("no longer"))]

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        over = Q(revoked_at__isnull=False) | Q(ends_at__lte=now())
        return {"now": queryset.exclude(over), "over": queryset.filter(over)}.get(self.value() or "", queryset)


class Role(SimpleListFilter):
    title = gettext_lazy("role")
    parameter_name = "role"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [(code, role_label(code)) for code in current_policy().roles]

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        return queryset.filter(role=self.value()) if self.value() else queryset


class Deputies(SimpleListFilter):
    title = gettext_lazy("deputies")
    parameter_name = "deputies"

    def lookups(self, request: Any, model_admin: Any) -> list[tuple[str, Any]]:
        return [("1", _("deputies")), ("0", _("in their own right"))]

    def queryset(self, request: Any, queryset: QuerySet) -> QuerySet:
        return queryset.filter(principal__isnull=self.value() == "0") if self.value() in ("0", "1") else queryset


@registered(Grant)
class GrantRows(Rows):
    """A grant is given and ended, never changed: what it was at any moment is asked for later."""

    form = GrantForm
    title = gettext_lazy("Grants")
    add_title = gettext_lazy("Give a grant")
    list_display = ("shown_person", "shown_role", "shown_unit", "shown_principal", "shown_first", "shown_last", "holds")
    list_select_related = ("person", "unit", "principal")
    list_filter = (Holding, Role, Deputies, UnitFilter)
    search_fields = ("person__no", "person__name")
    ordering = ("-id",)
    autocomplete_fields = ("person", "principal")
    acts = ("end",)
    change_form_outer_after_template = "casework/office/grant.html"
    shown = ("shown_person", "shown_role", "shown_unit", "shown_principal", "shown_first", "shown_last", "holds")

    @display(description=gettext_lazy("Person"), ordering="person__no")
    def shown_person(self, grant: Grant) -> Any:
        return grant.person

    @display(description=gettext_lazy("Role"), ordering="role")
    def shown_role(self, grant: Grant) -> Any:
        return role_label(grant.role) if grant.role in current_policy().roles else grant.role

    @display(description=gettext_lazy("On this unit and below"), ordering="unit__code")
    def shown_unit(self, grant: Grant) -> Any:
        return grant.unit

    @display(description=gettext_lazy("In the stead of"), ordering="principal__no")
    def shown_principal(self, grant: Grant) -> Any:
        return grant.principal

    @display(description=gettext_lazy("From"), ordering="starts_at")
    def shown_first(self, grant: Grant) -> Any:
        return local_day(grant.starts_at) if grant.starts_at else None

    @display(description=gettext_lazy("Ends"), ordering="ends_at")
    def shown_last(self, grant: Grant) -> str | None:
        ends = self._ends(grant)
        return local_text(ends) if ends else None

    @display(description=gettext_lazy("Holds"), boolean=True)
    def holds(self, grant: Grant) -> bool:
        ends = self._ends(grant)
        return (grant.starts_at is None or grant.starts_at <= now()) and (ends is None or now() < ends)

    def _ends(self, grant: Grant) -> datetime | None:
        return min((moment for moment in (grant.ends_at, grant.revoked_at) if moment), default=None)

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        return self.shown if obj else ("person", "role", "unit", "first_day", "last_day", "principal")

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return self.shown if obj else ()

    def made(self, office: Any, values: dict[str, Any]) -> Grant:
        return staffing.give_grant(office, **values)

    def end(self, request: Any, pk: int) -> str:
        staffing.end_grant(request.office, pk)
        return _("Ended, and recorded: from the next request on it gives no right any more.")
