"""What is stuck, to be looked at and tried again; nothing of it is changed here."""

from typing import Any

from django.contrib import messages
from django.contrib.admin import display
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from casework.admin.rows import Rows
from casework.admin.site import registered
from casework.domain import stuck
from casework.domain.wording import local_text
from casework.models import Clock, Delivery


class StuckRows(Rows):
    acts = ("retry",)
    change_form_outer_after_template = "casework/office/stuck.html"
    list_select_related = ("case",)
    nothing = _("Nothing is stuck")
    show_full_result_count = False

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        return self.fields

    def get_readonly_fields(self, request: Any, obj: Any = None) -> Any:
        return self.fields

    def let_go(self, request: Any) -> HttpResponse:
        """Back to the list: what was tried again may be done before its page is asked for."""
        messages.success(request, gettext("It is tried again at once, and that is recorded."))
        return redirect(f"admin:casework_{self.opts.model_name}_changelist")

    @display(description=_("Case"))
    def shown_case(self, row: Any) -> str:
        return row.case.number if row.case else "—"

    @display(description=_("Tries"))
    def shown_attempts(self, row: Any) -> int:
        return row.attempts

    @display(description=_("Problem"))
    def shown_problem(self, row: Any) -> str:
        return row.problem[:200]

    @display(description=_("Problem"))
    def whole_problem(self, row: Any) -> str:
        return row.problem


@registered(Clock)
class ClockRows(StuckRows):
    title = _("Clocks that cannot act")
    list_display = ("shown_name", "shown_case", "shown_due", "shown_attempts", "shown_next", "shown_problem")
    ordering = ("due_at", "id")
    fields = (
        "shown_case", "shown_name", "shown_generation", "shown_due", "shown_attempts", "shown_next", "whole_problem",
    )  # fmt: skip

    def get_queryset(self, request: Any) -> QuerySet:
        return stuck.stuck_clocks(request.office)

    @display(description=_("Clock"))
    def shown_name(self, clock: Clock) -> str:
        return clock.name

    @display(description=_("Generation"))
    def shown_generation(self, clock: Clock) -> int:
        return clock.generation

    @display(description=_("Due"))
    def shown_due(self, clock: Clock) -> str:
        return local_text(clock.due_at)

    @display(description=_("Next try"))
    def shown_next(self, clock: Clock) -> str:
        return local_text(clock.retry_at) if clock.retry_at else gettext("at once")

    # Buttons

    def retry(self, request: Any, pk: int) -> HttpResponse:
        stuck.retry(request.office, clocks=[pk])
        return self.let_go(request)


@registered(Delivery)
class DeliveryRows(StuckRows):
    title = _("Deliveries that keep failing")
    list_display = ("shown_kind", "shown_case", "shown_since", "shown_attempts", "shown_next", "shown_problem")
    ordering = ("created_at", "id")
    fields = ("shown_kind", "shown_case", "shown_since", "shown_attempts", "shown_next", "whole_problem")

    def get_queryset(self, request: Any) -> QuerySet:
        return stuck.stuck_deliveries(request.office)

    @display(description=_("Kind"))
    def shown_kind(self, delivery: Delivery) -> str:
        return delivery.kind

    @display(description=_("Since"))
    def shown_since(self, delivery: Delivery) -> str:
        return local_text(delivery.created_at)

    @display(description=_("Next try"))
    def shown_next(self, delivery: Delivery) -> str:
        return local_text(delivery.due_at)

    # Buttons

    def retry(self, request: Any, pk: int) -> HttpResponse:
        stuck.retry(request.office, deliveries=[pk])
        return self.let_go(request)
