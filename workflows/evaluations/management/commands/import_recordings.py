from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import INVALID, DoorCommand, actor_as, add_actor, folder, progress
from casework.domain.actor import Actor
from casework.domain.errors import InvalidInput
from workflows.evaluations.import_kinds import may_import_recordings
from workflows.evaluations.importing import import_recording


class Command(DoorCommand):
    help = gettext_lazy(
        "Stores every INTERACTION.wav of a folder under its digest; what is wrong is listed, the rest stands."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("folder")
        add_actor(parser)

    def do(self, *, login: str, **options: Any) -> None:
        actor, _account = actor_as(login)
        may_import_recordings(actor)
        files = sorted(folder(options["folder"]).glob("*.wav"))
        if not files:
            words = _("Expected INTERACTION.wav files, but %(folder)s has none; name another folder")
            raise InvalidInput(words % {"folder": options["folder"]})
        counts = {"new": 0, "unchanged": 0, "errors": 0}
        with progress(len(files), "recordings") as done:
            for file in files:
                counts[self.outcome(file, actor)] += 1
                done()
        self.show(counts)
        if counts["errors"]:
            raise SystemExit(INVALID)

    def outcome(self, file: Path, actor: Actor) -> str:
        try:
            return import_recording(file, actor)
        except InvalidInput as refusal:
            self.say(f"{file.name}: {refusal.reason}: {refusal}")
        except OSError as problem:
            self.say(f"{file.name}: unreadable: {problem.strerror}")
        return "errors"
