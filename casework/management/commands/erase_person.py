import sys
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from tqdm import tqdm

from casework.commands import DoorCommand, actor_as, add_actor
from casework.domain.erasing import erase_person, written_anew
from casework.domain.office import office_of


class Command(DoorCommand):
    help = gettext_lazy(
        "Erases a person who has left: the name, and the words of every case about them. Signed decisions are closed "
        "off for as long as policy keeps them; the rest cannot be brought back. What was proven stays proven."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("no", help="the staff number, which stays in the ledger")
        parser.add_argument("--reason", required=True, help="who asked for it, without the name; it is recorded")
        parser.add_argument("--dry-run", action="store_true", help="says what would be erased and what would stay")
        add_actor(parser)

    def do(self, *, no: str, reason: str, dry_run: bool, login: str, **_options: Any) -> None:
        office = office_of(*actor_as(login))
        with tqdm(desc="cases", disable=None, leave=False, file=sys.stderr) as bar:
            found = erase_person(office, no, reason, rehearse=dry_run, progress=bar.update)
        self.show({**asdict(found), "dry_run": dry_run})
        if dry_run:
            return
        if not written_anew():
            self.say(_("Free space of the database may hold remains until VACUUM is run; backups hold everything"))
        for told, cases in (
            (_("Closed off, not erased: %(what)s"), found.closed_off),
            (_("The name is still in words of others' cases: %(what)s"), found.named_in),
            (_("Copies were exported before: %(what)s"), found.exported),
        ):
            if cases:
                self.say(told % {"what": _(", ").join(cases)})
