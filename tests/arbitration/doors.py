"""Every door, knocked on with whatever it may be asked: routes as the OpenAPI document lists them, actions and openings
as the laws have them, commands that take --as. A door that is new and that nobody says here how to knock on fails."""

import itertools
import json
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.utils import translation

from casework.domain.law import law_by_number, law_of, laws
from casework.domain.ledger import plain
from casework.domain.policy import pinned_policy
from casework.models import Notice
from casework.queries.inbox import VIEWS
from tests.api.conftest import BASE, Caller
from tests.arbitration.questions import NOBODY, SEATED, WHOLE, Places, as_rows, commands_as, made_up, openapi
from tests.arbitration.worlds import SOUND
from tests.commands.conftest import run
from tests.conftest import DATA, forget

SAVEPOINT = re.compile(r"s\d+_x\d+")


@dataclass(frozen=True)
class Answer:
    """All that whoever asks can tell one answer from another by; `statements` stand in for the time it took."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    statements: tuple[str, ...] = ()
    asked: str = ""

    @property
    def text(self) -> str:
        """What can be read in it, also behind escapes."""
        shown = re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), self.body.decode("utf-8", "replace"))
        return "\n".join([shown, *(f"{name}: {value}" for name, value in self.headers)])


@dataclass
class Knocker:
    """One person at every door. Whatever is asked is undone again, so that each answer is the first."""

    login: str
    places: Places
    folder: Path
    language: str = "en"
    answers: dict[str, Answer] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.headers = Caller(self.login).headers | {"Accept-Language": self.language}
        self.client = Client()
        forget()
        # Besides, what processes hold in memory is then held in every world.
        for number in self.places.path["number"].values():
            seen = self.client.get(f"{BASE}/cases/{number}", headers=self.headers).json()
            self.versions[number] = seen.get("version") or 1

    # Routes

    def reads(self) -> None:
        """Every GET of the API, of every case, with every query."""
        for path, operations in openapi()["paths"].items():
            for method, operation in operations.items():
                if method == "get":
                    self._get(path.removeprefix(BASE), operation.get("parameters", ()))
        for path in ("/openapi.json", "/no/such/path"):
            self._ask(f"GET {path}", partial(self.client.get, BASE + path, headers=self.headers))
        for method, name in itertools.product(("head", "put", "delete", "options"), self.places.path["number"]):
            address = f"{BASE}/cases/{self.places.path['number'][name]}"
            self._ask(f"{method} /cases/{name}", partial(getattr(self.client, method), address, headers=self.headers))

    def _get(self, path: str, parameters: Any) -> None:
        wanted, queries = re.findall(r"{(\w+)}", path), self.places.queries()
        names = [p["name"] for p in parameters if p["in"] == "query"]
        unknown = {*wanted} - {*self.places.path} | {*names} - {*queries}
        assert not unknown, f"{path} takes {unknown}: say in tests/arbitration/questions.py what to ask it with"
        given: list[dict[str, str]] = [{}, *({name: value} for name in names for value in queries[name])]
        for chosen in itertools.product(*(self.places.path[name].items() for name in wanted)):
            called = path.format(**{name: shown for name, (shown, _value) in zip(wanted, chosen, strict=True)})
            address = path.format(**{name: value for name, (_shown, value) in zip(wanted, chosen, strict=True)})
            for query in given:
                key = f"GET {called}" + "".join(f"?{name}={value}" for name, value in query.items())
                asked = partial(self.client.get, BASE + address, query, headers=self.headers)
                self._ask(key, asked, f"{address} {query}")

    def acts(self) -> None:
        """Every action of the arbitration, every opening on every subject."""
        posts = {path.removeprefix(BASE) for path, operations in openapi()["paths"].items() if "post" in operations}
        new = posts - {"/cases", "/cases/{number}/actions/{action}", "/cases/{number}/evidence", "/imports"}
        assert not new, f"{new} can be posted to: say in tests/arbitration/doors.py with what"
        self._act(SEATED)
        for key, body in self._openings():
            self._post(key, "/cases", body)
        for name in self.places.path["number"]:
            self._ask(f"evidence on {name}", partial(self._give, name), name)

    def acts_beside(self) -> None:
        """Every action of the linked cases, of such as do not exist, and of their types on the arbitration."""
        for name in self.places.path["number"].keys() - {SEATED}:
            self._act(name)
        for action in sorted({name for law in laws().values() for name in law.actions} - self._own(SEATED).keys()):
            self._post(f"{action} on {SEATED}", f"/cases/{self.places.path['number'][SEATED]}/actions/{action}", {})

    def acts_own(self) -> None:
        """What whoever sits blind owes, and what comes after."""
        self._act(SEATED, {"score_blind", "recuse", "vote"})

    def _give(self, name: str) -> Any:
        sent = {"file": SimpleUploadedFile("note.txt", b"heard it", "text/plain"), "shows": "what was heard"}
        return self.client.post(f"{BASE}/cases/{self.places.path['number'][name]}/evidence", sent, headers=self.headers)

    def _act(self, name: str, only: set[str] | None = None) -> None:
        number = self.places.path["number"][name]
        for key, action, data in self._actions(name):
            if only is not None and action not in only:
                continue
            path, version = f"/cases/{number}/actions/{action}", self.versions[number]
            self._post(key, path, {"data": data, "version": version} if data else {"data": data})

    def tries(self) -> None:
        """What is there already is refused when it comes again: evaluations by id and by call, recordings."""
        for law in laws().values():
            for spec in law.openings.values():
                schema = spec.form.model_json_schema()
                for call in self.places.calls if not spec.subject else ():
                    body = {"type": law.label, "data": made_up(schema, schema) | call}
                    self._post(f"open {law.label} of {call}", "/cases", body)
        for key, fields in self._imports():
            self._ask(key, partial(self.client.post, f"{BASE}/imports", fields, headers=self.headers), key)

    def _actions(self, name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(key, action, data): the case's own actions; on the arbitration also without data, and with guesses at who is
        who."""
        for action, spec in [*sorted(self._own(name).items()), ("nonsense", None)]:
            if spec is None or name == SEATED:
                yield f"{action} on {name}, empty", action, {}
            if spec is not None:
                for what, data in self._data(action, spec.form.model_json_schema(), guess=name == SEATED):
                    yield f"{action} on {name}, {what}", action, data

    def _own(self, name: str) -> dict[str, Any]:
        return law_by_number(self.places.path["number"][name]).actions

    def _data(self, action: str, schema: dict[str, Any], guess: bool) -> Iterator[tuple[str, dict[str, Any]]]:
        usual = WHOLE.get(action) or made_up(schema, schema)
        yield "as usual", usual
        for name in {"person", "against"} & usual.keys() if guess else ():
            for no in self.places.people:
                yield f"{name} {no}", usual | {name: no}

    def _openings(self) -> Iterator[tuple[str, dict[str, Any]]]:
        for label, law in laws().items():
            for spec in law.openings.values():
                schema = spec.form.model_json_schema()
                usual = made_up(schema, schema)
                for name, subject in [("nothing", None), *self.places.path["number"].items()]:
                    yield f"open {label} on {name}", {"type": label, "subject": subject, "data": usual}

    def _imports(self) -> Iterator[tuple[str, dict[str, Any]]]:
        def fields(kind: str, name: str, content: bytes) -> dict[str, Any]:
            return {"kind": kind, "file": SimpleUploadedFile(name, content)}

        yield "import people", fields("people", "people.csv", (DATA / "people.csv").read_bytes())
        yield "import nonsense", fields("nonsense", "x.csv", b"x")
        for call in self.places.calls:
            yield f"import evaluation {call}", fields("evaluations", "e.csv", as_rows(call).encode())
            yield f"import recording {call}", fields("recordings", f"{call['interaction_id']}.wav", SOUND)

    def _post(self, key: str, path: str, body: dict[str, Any]) -> None:
        raw = json.dumps(body)
        asked = partial(self.client.post, BASE + path, raw, "application/json", headers=self.headers)
        self._ask(key, asked, f"{path} {raw}")

    # Commands

    def commands(self) -> None:
        """Every command that takes --as, with everything that it may be asked."""
        recipes = self._recipes()
        new = set(commands_as()) - set(recipes)
        assert not new, f"{new} take --as: say in tests/arbitration/doors.py with what to call them"
        for name in sorted(recipes.keys() & commands_as()):
            for key, words, stdin in recipes[name]:
                self._ask(f"{name} {key}", partial(self._run, name, words, stdin), f"{words} {stdin.decode()}")

    def _recipes(self) -> dict[str, list[tuple[str, list[str], bytes]]]:
        numbers, out = self.places.path["number"].items(), str(self.folder / "out")
        every = [(name, [number], b"") for name, number in numbers]
        calls = [(self._file(f"{at}.csv", as_rows(call)), call) for at, call in enumerate(self.places.calls)]
        return {
            "show_case": every, "actions": every,
            "explain_clock": [
                (f"{name} {clock}", [number, clock], b"") for name, number in numbers for clock in ("score", "review")
            ],
            "inbox": [(view, ["--view", view], b"") for view in VIEWS],
            "save_document": [
                (f"{name} {' '.join(words)}", [pk, "--out", out, *words], b"")
                for name, pk in self.places.path["document_id"].items() for words in ([], ["--stamped"])
            ],
            "save_evidence": [
                (f"{name} {what}", [number, digest, "--out", out], b"")
                for name, number in numbers for what, digest in self.places.path["sha256"].items()
            ],
            "add_evidence": [
                (name, [number, self._file("note.txt", "heard it"), "--shows", "what was heard"], b"")
                for name, number in numbers
            ],
            "perform": [
                (key, [number, action, "--data", "-"], json.dumps(data).encode())
                for name, number in numbers for key, action, data in self._actions(name)
                if action in ("read", "sign", "nonsense") or (name == SEATED and data)
            ],
            "open_case": [
                (key, [body["type"], *(["--subject", body["subject"]] if body.get("subject") else []), "--data", "-"],
                 json.dumps(body["data"]).encode()) for key, body in self._openings()
            ],
            "grant": [(no, [no, "arbitrator", "OC"], b"") for no in (*self.places.people, NOBODY)],
            "import_people": [("again", [str(DATA / "units.csv"), str(DATA / "people.csv")], b"")],
            "import_calendar": [("again", ["office", self._file("days.csv", "date,kind,holiday\n"), "--dry-run"], b"")],
            "import_evaluations": [(f"{call}", [file], b"") for file, call in calls],
            "import_recordings": [("none", [str(self.folder)], b"")],
            "draw_chart": [
                (f"{name} {form}", [law_by_number(number).label, "--case", number, "--format", form], b"")
                for name, number in numbers for form in ("svg", "bpmn")
            ],
            "begin_log": [("again", ["--reason", "a backup was restored"], b"")],
            "renew_log_key": [("again", ["--reason", "a new key"], b"")],
            "retire_log_key": [("again", ["--reason", "a new key"], b"")],
            "renew_seal": [("again", ["--reason", "a new key", "--key", "pkcs11:"], b"")],
            "retry_stuck": [
                *((f"{name} review", ["--clock", number, "review"], b"") for name, number in numbers),
                ("delivery", ["--delivery", "1"], b""), ("all", ["--all"], b""),
            ],
            "export_log": [(form, ["--format", form, "--out", out], b"") for form in ("xes", "ocel2")],
            "erase_person": [(no, [no, "--reason", "asked", "--dry-run"], b"") for no in ("A1001", "A9999")],
            "export_case": [(name, [number, "--out", f"{out}.zip"], b"") for name, number in numbers],
            "export_cases": [(form, ["--out", f"{out}.{form}"], b"") for form in ("csv", "xlsx")],
        }  # fmt: skip

    def _run(self, name: str, words: list[str], stdin: bytes) -> Any:
        """As the API's answer: status, text, and the bytes of a file that was written."""
        token = self.headers["Authorization"].removeprefix("Bearer ")
        told = {"GONGDUAN_TOKEN": token, "GONGDUAN_PASSWORD": "wrong", "LC_ALL": self.language}
        with mock.patch.dict(os.environ, told):
            done = run(name, *words, "--as", self.login, stdin=stdin)
        written = b""
        for file in self.folder.glob("out*"):
            written += file.read_bytes()
            file.unlink()
        return Answer(done.status, (), f"{done.out}\n{done.err}\n".encode() + written)

    def _file(self, name: str, content: str) -> str:
        path = self.folder / name
        path.write_text(content)
        return str(path)

    # Notices

    def notices(self) -> None:
        """Every message in the person's inbox, in both languages."""
        for at, notice in enumerate(Notice.objects.filter(person__accounts__username=self.login).order_by("id")):
            rules = pinned_policy(notice.case.policy_id).case_type(law_of(notice.case).app)
            words = rules.notices[notice.kind]
            told = [notice.kind, plain(notice.created_at), notice.values, words.title.fill(**notice.values),
                    words.body.fill(**notice.values)]  # fmt: skip
            self.answers[f"notice {at}"] = Answer(0, (), json.dumps(told, ensure_ascii=False).encode())

    # Answers

    def _ask(self, key: str, call: Callable[[], Any], asked: str = "") -> None:
        """The answer to that question; nothing of it stays."""
        assert key not in self.answers, f"asked twice: {key}"
        statements: list[str] = []

        def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            statements.append(SAVEPOINT.sub("*", sql))
            return execute(sql, params, many, context)

        with transaction.atomic(), translation.override(self.language), connection.execute_wrapper(noted):
            told = call()
            transaction.set_rollback(True)
        if not isinstance(told, Answer):
            assert told.status_code < 500 and not told.cookies, (key, told.status_code, told.content)
            body = b"".join(told.streaming_content) if told.streaming else told.content
            told = Answer(told.status_code, tuple(sorted(told.items())), body)
        self.answers[key] = replace(told, statements=tuple(statements), asked=asked)
