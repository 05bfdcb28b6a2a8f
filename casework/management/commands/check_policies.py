from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import CHECK_FAILED, DoorCommand, folder
from casework.domain.hours import calendar_specs
from casework.domain.policy_check import load_placed
from casework.domain.policy_files import PolicyError


class Command(DoorCommand):
    help = gettext_lazy(
        "Holds the policy files, regulation packs included, against their form, the law and the units: 0 right, 1 not."
    )
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("policies", metavar="FOLDER", nargs="?", help="default: the installation's own")

    def do(self, *, policies: str | None, **_options: Any) -> None:
        try:
            policy = load_placed(folder(policies) if policies else None)
        except PolicyError as error:
            for problem in error.problems:
                self.say(str(problem))
            raise SystemExit(CHECK_FAILED) from None
        calendar_specs()
        self.stdout.write(_("right: policy %(digest)s") % {"digest": policy.digest})
