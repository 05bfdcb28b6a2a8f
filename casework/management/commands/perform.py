import os
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand, actor_as, add_actor, ask, read_data
from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput
from casework.domain.law import law_by_number
from casework.domain.perform import perform
from casework.queries import answer


class Command(DoorCommand):
    help = gettext_lazy("Performs an action on a case and prints the event as JSON.")

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("case", help="e.g. DSP-2026-000001")
        parser.add_argument("action", help="one of those that `actions CASE` lists")
        parser.add_argument("--data", metavar="FILE|-", help="JSON object; - reads stdin")
        parser.add_argument("--key", help="a repeat under the same key gives the first result again")
        parser.add_argument("--version", type=int, help="the version you saw; refused if the case has moved on")
        add_actor(parser)

    def do(
        self, *, case: str, action: str, data: str | None, key: str | None, version: int | None, login: str, **_: Any
    ) -> None:
        actor, _account = actor_as(login)
        given = with_credential(case, action, read_data(data), actor)
        self.show(answer(perform(case, action, actor, given, key=key, version=version), actor))


def with_credential(case: str, action: str, data: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """The data of an action that asks for a credential, with it: from GONGDUAN_PASSWORD or the prompt, since a file
    would keep it and a command line shows it; in a demo database none is needed."""
    spec = law_by_number(case).actions.get(action)
    if spec is None or "credential" not in spec.form.model_fields:
        return data
    if "credential" in data:
        raise InvalidInput(
            _("Expected no credential in the data, where it would stay; use GONGDUAN_PASSWORD or the prompt"),
            code="credential_in_data",
        )
    given = os.environ.get("GONGDUAN_PASSWORD", "")
    if not given and not actor.impersonated:
        given = ask(_("Password or token of %(user)s, to sign: ") % {"user": actor.account})
    return {**data, "credential": given}
