from typing import Any

from django.contrib.admin import display
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework.admin.rows import Rows, UnitOfPerson
from casework.admin.site import registered
from casework.domain import staffing
from casework.models import Leave


@registered(Leave)
class LeaveRows(Rows):
    title = _("Leaves")
    add_title = _("Record a leave")
    list_display = ("shown_person", "shown_first", "shown_last", "counts")
    list_select_related = ("person",)
    list_filter = (UnitOfPerson,)
    search_fields = ("person__no", "person__name")
    ordering = ("-first_day", "-id")
    fields = ("person", "first_day", "last_day")
    settled = {"person": "shown_person", "first_day": "shown_first"}
    autocomplete_fields = ("person",)
    acts = ("cancel",)
    change_form_outer_after_template = "casework/office/leave.html"

    @display(description=_("Person"), ordering="person__no")
    def shown_person(self, leave: Leave) -> Any:
        return leave.person

    @display(description=_("First day"), ordering="first_day")
    def shown_first(self, leave: Leave) -> Any:
        return leave.first_day

    @display(description=_("Last day"), ordering="last_day")
    def shown_last(self, leave: Leave) -> Any:
        return leave.last_day

    @display(description=_("Counts"), boolean=True)
    def counts(self, leave: Leave) -> bool:
        return leave.cancelled_at is None

    def made(self, office: Any, values: dict[str, Any]) -> Leave:
        return staffing.add_leave(office, **values)

    def changed(self, office: Any, leave: Leave, values: dict[str, Any]) -> Leave:
        return staffing.move_end_of_leave(office, leave.pk, values["last_day"])

    # Buttons

    def cancel(self, request: Any, pk: int) -> str:
        staffing.cancel_leave(request.office, pk)
        return gettext("Cancelled, and recorded: it counts as if it had never been entered.")
