import secrets
from typing import Any

from django.contrib.admin import display
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from casework.admin.rows import Rows, UnitOfPerson
from casework.admin.site import registered
from casework.domain import staffing
from casework.models import Account
from casework.web.password import confirmed


@registered(Account)
class AccountRows(Rows):
    title = gettext_lazy("Accounts")
    add_title = gettext_lazy("Add an account")
    list_display = ("shown_login", "shown_person", "shown_active")
    list_select_related = ("person",)
    list_filter = (UnitOfPerson, "is_active")
    search_fields = ("username", "person__no", "person__name")
    ordering = ("username",)
    fields = ("username", "person")
    settled = {"username": "shown_login", "person": "shown_person", "": "shown_active"}
    autocomplete_fields = ("person",)
    acts = ("close", "open", "password")
    change_form_outer_after_template = "casework/office/account.html"

    @display(description=gettext_lazy("Login"), ordering="username")
    def shown_login(self, account: Account) -> str:
        return account.username

    @display(description=gettext_lazy("Person"), ordering="person__no")
    def shown_person(self, account: Account) -> Any:
        return account.person or (_("a machine") if account.is_machine else _("administrator, nobody in person"))

    @display(description=gettext_lazy("In use"), ordering="is_active", boolean=True)
    def shown_active(self, account: Account) -> bool:
        return account.is_active

    def get_fields(self, request: Any, obj: Any = None) -> Any:
        return tuple(self.settled.values()) if obj else self.fields

    def made(self, office: Any, values: dict[str, Any]) -> Account:
        return staffing.add_account(office, username=values["username"], person=values["person"])

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        field.required = True
        return field

    # Buttons

    def close(self, request: Any, pk: int) -> str:
        left = staffing.left_over(staffing.close_account(request.office, pk))
        words = [_("Closed, and recorded: its sessions and tokens are worth nothing any more.")]
        if left["seats"]:
            words.append(
                ngettext(
                    "%(n)d seat of theirs goes to somebody else now.", "%(n)d seats of theirs go to others now.",
                    left["seats"],
                ) % {"n": left["seats"]}
            )  # fmt: skip
        if left["tasks"]:
            words.append(
                ngettext(
                    "%(n)d open task stays theirs as a party of the case; its deadline runs.",
                    "%(n)d open tasks stay theirs as a party of the case; their deadlines run.", left["tasks"],
                ) % {"n": left["tasks"]}
            )  # fmt: skip
        if left["grants"]:
            words.append(_("Their grants still hold: end those too, unless they come back."))
        return " ".join(words)

    def open(self, request: Any, pk: int) -> str:
        staffing.open_account(request.office, pk)
        return _("Open again, and recorded.")

    def password(self, request: Any, pk: int) -> TemplateResponse:
        """A new password, shown on this one page and kept nowhere; for whoever proves anew who they are."""
        confirmed(request, request.POST.get("own", ""))
        text = secrets.token_urlsafe(12)
        account = staffing.give_password(request.office, pk, text)
        told = {**self.admin_site.each_context(request), "title": _("A new password"), "row": account, "text": text}
        return TemplateResponse(request, "casework/office/password.html", told)
