from typing import Any

from django.contrib.admin import display
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from casework.admin.rows import Rows, UnitFilter
from casework.admin.site import registered
from casework.domain import staffing
from casework.domain.office import rows_of
from casework.models import Person


@registered(Person)
class PersonRows(Rows):
    title = _("People")
    add_title = _("Add a person")
    list_display = ("shown_no", "shown_name", "shown_unit", "shown_superior")
    list_select_related = ("unit", "superior")
    list_filter = (UnitFilter,)
    search_fields = ("no", "name")
    ordering = ("no",)
    fields = ("no", "name", "unit", "superior", "email")
    settled = {"no": "shown_no"}
    autocomplete_fields = ("superior",)

    @display(description=_("Staff number"), ordering="no")
    def shown_no(self, person: Person) -> str:
        return person.no

    @display(description=_("Name"), ordering="name")
    def shown_name(self, person: Person) -> str:
        return person.name

    @display(description=_("Unit"), ordering="unit__code")
    def shown_unit(self, person: Person) -> Any:
        return person.unit

    @display(description=_("Superior"), ordering="superior__no")
    def shown_superior(self, person: Person) -> Any:
        return person.superior

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A superior elsewhere stays one, though only people within reach are offered."""
        form = super().get_form(request, obj, change=change, **kwargs)
        if obj is not None and obj.superior_id and "superior" in form.base_fields:
            near = rows_of(request.office, Person).values("pk")
            form.base_fields["superior"].queryset = Person.objects.filter(Q(pk__in=near) | Q(pk=obj.superior_id))
        return form

    def made(self, office: Any, values: dict[str, Any]) -> Person:
        return staffing.add_person(office, **values)

    def changed(self, office: Any, person: Person, values: dict[str, Any]) -> Person:
        return staffing.change_person(office, person.pk, **values)
