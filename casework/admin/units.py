from typing import Any

from django.contrib.admin import display
from django.utils.translation import gettext_lazy as _

from casework.admin.rows import Rows
from casework.admin.site import registered
from casework.domain import staffing
from casework.models import Unit


@registered(Unit)
class UnitRows(Rows):
    title = _("Units")
    add_title = _("Add a unit")
    list_display = ("shown_code", "shown_name", "shown_parent")
    list_select_related = ("parent",)
    search_fields = ("code", "name")
    ordering = ("code",)
    fields = ("code", "name", "parent")
    settled = {"code": "shown_code"}

    @display(description=_("Code"), ordering="code")
    def shown_code(self, unit: Unit) -> str:
        return unit.code

    @display(description=_("Name"), ordering="name")
    def shown_name(self, unit: Unit) -> str:
        return unit.name

    @display(description=_("Part of"), ordering="parent__code")
    def shown_parent(self, unit: Unit) -> Any:
        return unit.parent

    def made(self, office: Any, values: dict[str, Any]) -> Unit:
        return staffing.add_unit(office, **values)

    def changed(self, office: Any, unit: Unit, values: dict[str, Any]) -> Unit:
        return staffing.change_unit(office, unit.pk, **values)
