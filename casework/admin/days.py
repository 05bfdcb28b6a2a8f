from typing import Any

from django import forms
from django.contrib.admin import display
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget

from casework.admin.rows import RowForm, Rows
from casework.admin.site import registered
from casework.domain import calendar_days
from casework.models import CalendarDay


class DayForm(RowForm):
    calendar = forms.ChoiceField(label=_("Calendar"), widget=UnfoldAdminSelectWidget())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["calendar"]
        else:
            self.fields["calendar"].choices = [(name, name) for name in calendar_days.calendars()]


@registered(CalendarDay)
class DayRows(Rows):
    """Only for whoever manages the whole organisation; others look."""

    form = DayForm
    title = _("Calendar days")
    add_title = _("Add a day")
    list_display = ("shown_date", "shown_calendar", "shown_working", "shown_holiday", "shown_source")
    list_filter = ("calendar", "working")
    search_fields = ("date", "holiday")
    ordering = ("-date", "id")
    fields = ("calendar", "date", "working", "holiday", "source")
    settled = {"calendar": "shown_calendar", "date": "shown_date"}

    @display(description=_("Day"), ordering="date")
    def shown_date(self, day: CalendarDay) -> Any:
        return day.date

    @display(description=_("Calendar"), ordering="calendar")
    def shown_calendar(self, day: CalendarDay) -> str:
        return day.calendar

    @display(description=_("Working day"), ordering="working", boolean=True)
    def shown_working(self, day: CalendarDay) -> bool:
        return day.working

    @display(description=_("Holiday"))
    def shown_holiday(self, day: CalendarDay) -> str:
        return day.holiday

    @display(description=_("Source"))
    def shown_source(self, day: CalendarDay) -> str:
        return day.source

    def has_add_permission(self, request: Any) -> bool:
        return super().has_add_permission(request) and request.office.whole

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and request.office.whole

    def made(self, office: Any, values: dict[str, Any]) -> CalendarDay:
        return calendar_days.set_day(office, day=values.pop("date"), **values)

    def changed(self, office: Any, day: CalendarDay, values: dict[str, Any]) -> CalendarDay:
        return calendar_days.set_day(office, calendar=day.calendar, day=day.date, **values)
