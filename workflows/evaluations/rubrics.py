"""Rubric versions in the database: registered from policies/rubrics, never changed once used."""

from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from casework.domain.errors import InvalidInput
from casework.domain.ledger import note
from casework.domain.now import now
from workflows.evaluations.models import RubricVersion
from workflows.evaluations.rubric import Rubric, parse_rubrics


def register_rubrics() -> list[Rubric]:
    """Every rubric of the files stands in the database; a version whose content differs is refused."""
    rubrics = []
    for file in sorted(settings.RUBRIC_FOLDER.glob("*.yaml")):
        for rubric in parse_rubrics(file.read_text(encoding="utf-8")):
            rubrics.append(rubric)
            known = RubricVersion.objects.filter(code=rubric.code, version=rubric.version).first()
            if known is None:
                RubricVersion.objects.create(
                    code=rubric.code, version=rubric.version, digest=rubric.digest, content=rubric.content(),
                    registered_at=now(),
                )  # fmt: skip
                note(
                    "org",
                    "rubric_registered",
                    {"rubric": rubric.code, "version": rubric.version, "digest": rubric.digest},
                )
            elif known.digest != rubric.digest:
                raise InvalidInput(
                    _(
                        "Expected rubric %(code)s version %(version)d as it was registered, but %(file)s differs; "
                        "give the change a new version"
                    )
                    % {"code": rubric.code, "version": rubric.version, "file": file.name}
                )
    return rubrics


def rubric_version(code: str, version: int) -> Rubric:
    """The registered rubric; held in memory, since it never changes."""
    return _read(str(connection.settings_dict["NAME"]), code, version)


@lru_cache(maxsize=256)
def _read(_database: str, code: str, version: int) -> Rubric:
    row = RubricVersion.objects.filter(code=code, version=version).first()
    if row is None:
        raise InvalidInput(
            _("Expected a registered rubric, but there is no %(code)s version %(version)d; correct it or add its file")
            % {"code": code, "version": version}
        )
    return Rubric.from_content(row.content)
