import keyword
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import Any

from django.apps import apps
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from casework.commands import DoorCommand
from casework.domain.errors import InvalidInput, NotAllowedNow
from casework.domain.law import laws
from casework.models import Case

SKELETON = Path(__file__).resolve().parents[2] / "skeleton"
ENGINES_OWN = ("organisation", "roles")  # policy files that are no case type's


class Command(DoorCommand):
    help = gettext_lazy("Writes a small working case type to start from; docs/new-case-type.md goes on from there.")
    requires_system_checks = []

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("name", help="of the folder, in lower case and plural, e.g. rewards")
        parser.add_argument("--model", help="of a case, singular, e.g. RewardNomination; default: from the name")
        parser.add_argument("--prefix", help="of case numbers, three letters; default: the name's first three")

    def do(self, *, name: str, model: str | None, prefix: str | None, **_options: Any) -> None:
        model = model or "".join(part.capitalize() for part in name.removesuffix("s").split("_"))
        prefix = prefix or re.sub("[^a-z]", "", name)[:3].upper()
        check_words(name, model, prefix)
        if shutil.which("msgfmt") is None:
            raise NotAllowedNow(_("Expected GNU gettext for the texts, but there is no msgfmt; install gettext first"))
        root = Path(settings.BASE_DIR)
        files = skeleton(name, model, prefix)
        if taken := [file for file in (f"workflows/{name}", f"tests/{name}", *files) if (root / file).exists()]:
            raise InvalidInput(
                _("Expected a new case type, but %(file)s is there already; choose another name") % {"file": taken[0]}
            )
        write(root, name, files)
        for file in sorted(written(root, name)):
            self.stdout.write(str(file.relative_to(root)))
        self.stdout.write(_("Next: describe your type, as docs/new-case-type.md does; check, check_policies and tests"
                            "/%(name)s say what is missing") % {"name": name})  # fmt: skip


def check_words(name: str, model: str, prefix: str) -> None:
    """The names can be those of a case type beside what is installed, or InvalidInput."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{1,29}", name) or keyword.iskeyword(name):
        raise InvalidInput(
            _("Expected a name of 2 to 30 small letters, digits and _, but got '%(name)s'; take one such as 'rewards'")
            % {"name": name[:60]}
        )
    if name in apps.app_configs or name in ENGINES_OWN:
        raise InvalidInput(_("Expected a new name, but '%(name)s' is taken; choose another") % {"name": name})
    if not re.fullmatch(r"[A-Z][A-Za-z0-9]{1,39}", model) or keyword.iskeyword(model):
        raise InvalidInput(
            _("Expected a model such as RewardNomination, but got '%(model)s'; name one with --model")
            % {"model": model[:60]}
        )
    if hasattr(Case, model.lower()):  # every case would have it as the way to its row of that type
        raise InvalidInput(
            _("Expected a new model, but a case already has '%(model)s'; name another with --model")
            % {"model": model.lower()}
        )
    if not re.fullmatch(r"[A-Z]{3}", prefix):
        raise InvalidInput(
            _("Expected a prefix of three capital letters, but got '%(prefix)s'; name one with --prefix")
            % {"prefix": prefix[:20]}
        )
    if owner := next((law.label for law in laws().values() if law.prefix == prefix), None):
        raise InvalidInput(
            _("Expected a new prefix, but %(prefix)s is that of %(type)s; name another with --prefix")
            % {"prefix": prefix, "type": owner}
        )


def skeleton(name: str, model: str, prefix: str) -> dict[str, str]:
    """{path below the project: content} of the new type."""
    title = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", model).capitalize()
    words = {"name": name, "model": model, "prefix": prefix, "title": title, "noun": title.lower()}
    files = {
        f"workflows/{name}/__init__.py": "",
        f"workflows/{name}/migrations/__init__.py": "",
        f"workflows/{name}/locale/zh_Hans/LC_MESSAGES/django.po": _read("django.po", words),
        f"policies/default/{name}.yaml": _read("policy.yaml", words),
        f"tests/{name}/__init__.py": "",
        f"tests/{name}/stops.py": _read("tests/stops.py", words),
        f"tests/{name}/test_{name}_story.py": _read("tests/test_story.py", words),
    }
    for file in ("apps.py", "flow.py", "forms.py", "guards.py", "models.py"):
        files[f"workflows/{name}/{file}"] = _read(f"workflow/{file}", words)
    return files


def _read(file: str, words: dict[str, str]) -> str:
    return Template((SKELETON / f"{file}-tpl").read_text(encoding="utf-8")).substitute(words)


def write(root: Path, name: str, files: dict[str, str]) -> None:
    """The files stand there with migration and compiled texts, or nothing does."""
    try:
        for file, content in files.items():
            (root / file).parent.mkdir(parents=True, exist_ok=True)
            (root / file).write_text(content, encoding="utf-8")
        texts = root / "workflows" / name / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
        _run(root, "msgfmt", "-o", str(texts.with_suffix(".mo")), str(texts))
        _run(root, sys.executable, "manage.py", "makemigrations", name)
        if find_spec("ruff"):  # the tidier of those who develop; installations run without
            for tidy in (("format",), ("check", "--fix")):
                _run(root, sys.executable, "-m", "ruff", *tidy, "-q", f"workflows/{name}", f"tests/{name}")
    except BaseException:
        for file in written(root, name):
            file.unlink()
        for folder in (root / "workflows" / name, root / "tests" / name):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def written(root: Path, name: str) -> list[Path]:
    """Every file of the new type, caches left out."""
    folders = (root / "workflows" / name, root / "tests" / name)
    found = [file for folder in folders for file in folder.rglob("*") if file.is_file() and file.suffix != ".pyc"]
    policy = root / "policies" / "default" / f"{name}.yaml"
    return [*found, *([policy] if policy.exists() else [])]


def _run(root: Path, *words: str) -> None:
    done = subprocess.run(words, cwd=root, capture_output=True, text=True)
    if done.returncode:
        raise NotAllowedNow(
            _("Expected %(command)s to succeed, but it said: %(said)s; nothing was written")
            % {"command": " ".join(words[-2:]), "said": (done.stderr or done.stdout)[-400:]}
        )
