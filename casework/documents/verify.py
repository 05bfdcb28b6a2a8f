"""Is this file the document that was issued? Each way in which it might not be is a check with a name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from django.utils.translation import gettext as _

from casework.documents.limits import DEFAULT_LIMITS, Limits
from casework.documents.snapshot import ORGANISATION_FIELD
from casework.documents.workshop import Workshop

Named = Callable[[str], str]

_inspection = Workshop("casework.documents.inspection")

CODES = (
    "parse",
    "file_hash",
    "signatures",
    "expected_signers",
    "covers_whole_file",
    "modifications",
    "snapshot",
)


@dataclass(frozen=True)
class Check:
    """One check's result. `ok` is None where it could not be told; `message` is a sentence."""

    code: str
    ok: bool | None
    message: str


class ExpectedField(TypedDict):
    name: str
    serial: str  # of the certificate, lower-case hexadecimal


class Expected(TypedDict):
    """What was recorded when the document was issued."""

    sha256: str
    fields: list[ExpectedField]
    snapshot_sha256: str


def verify(
    file: bytes,
    *,
    roots: Sequence[str],
    expected: Expected | None = None,
    at: datetime | None = None,
    limits: Limits = DEFAULT_LIMITS,
    named: Named = str,
) -> list[Check]:
    """The checks of CODES, in that order, for a file of unknown origin.

    `roots`: PEM of the certificates to trust, and no others. `expected`: the record of this document; without
    it the file can only be compared with itself. `at`: when certificates must be valid (default now). `named`:
    what a field to be signed is called. Reads the file in a child process under `limits`, fetches nothing and
    never raises for what the file holds.
    """
    if len(file) > limits.file_mib * 1024 * 1024:
        facts: dict[str, Any] = {"unreadable": _("it is larger than %d MiB") % limits.file_mib}
    else:
        head = {"roots": list(roots), "at": at.isoformat() if at else None}
        facts, _blob = _inspection.do(head, file, limits)
    checks = [_parse(facts), _file_hash(file, expected)]
    if checks[0].ok:
        return checks + [
            _signatures(facts, named),
            _expected_signers(facts, expected, named),
            _covers_whole_file(facts),
            _modifications(facts, named),
            _snapshot(facts, expected),
        ]
    unread = _("Not looked at: the file could not be read.")
    return checks + [Check(code, None, unread) for code in CODES[2:]]


def claimed_id(file: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """The id of the document that the file's attached decision.json says it is; empty when it says none."""
    if len(file) > limits.file_mib * 1024 * 1024:
        return ""
    facts, _blob = _inspection.do({"roots": [], "at": None}, file, limits)
    return str((facts.get("attachment") or {}).get("id", ""))


def claimed_snapshot(file: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """The SHA-256 of the decision.json attached to the file; empty when it has none."""
    if len(file) > limits.file_mib * 1024 * 1024:
        return ""
    facts, _blob = _inspection.do({"roots": [], "at": None}, file, limits)
    return str((facts.get("attachment") or {}).get("sha256", ""))


def verdict(checks: Sequence[Check]) -> bool | None:
    """True: genuine. False: a check failed. None: none failed, but not all could be told."""
    if any(check.ok is False for check in checks):
        return False
    return None if any(check.ok is None for check in checks) else True


def _parse(facts: dict[str, Any]) -> Check:
    if facts.get("failed") == "start":
        return Check(
            "parse",
            None,
            _("The inspecting process could not start: %s. Run `manage.py doctor`.") % facts.get("detail", ""),
        )
    if failed := facts.get("failed"):
        return Check(
            "parse",
            False,
            _(
                "Reading the file was ended (%s): no document of ours needs that much. Ask for "
                "the file again where it was issued."
            )
            % failed,
        )
    if "unreadable" in facts:
        return Check(
            "parse",
            False,
            _("The file cannot be read as one of our PDF documents: %s. Ask for it again where it was issued.")
            % facts["unreadable"],
        )
    return Check("parse", True, _("The file is a readable PDF."))


def _file_hash(file: bytes, expected: Expected | None) -> Check:
    digest = hashlib.sha256(file).hexdigest()
    if expected is None:
        return Check("file_hash", None, _("SHA-256 %s; no record was given to compare it with.") % digest)
    if digest == expected["sha256"].lower():
        return Check("file_hash", True, _("The file is, byte for byte, the one that was issued (SHA-256 %s).") % digest)
    return Check(
        "file_hash",
        False,
        _("The file is not, byte for byte, the one that was issued: its SHA-256 is %(is)s, recorded is %(recorded)s.")
        % {"is": digest, "recorded": expected["sha256"]},
    )


def _signatures(facts: dict[str, Any], named: Named) -> Check:
    if not facts["signatures"]:
        return Check("signatures", False, _("The file bears no signature."))
    for signature in facts["signatures"]:
        words = {"field": named(signature["field"]), "problem": signature["problem"]}
        if signature["problem"]:
            return Check("signatures", False, _("The signature %(field)s cannot be checked: %(problem)s.") % words)
        if not signature["intact"]:
            return Check(
                "signatures",
                False,
                _("The signature %(field)s is broken: what it covers was altered.") % words,
            )
        if not signature["trusted"]:
            return Check(
                "signatures",
                False,
                _(
                    "The signature %(field)s was made with a certificate that the given "
                    "root did not issue, or that is not valid now."
                )
                % words,
            )
        if not signature["plain"]:
            return Check(
                "signatures",
                False,
                _("The space of the signature %(field)s holds more than the signature.") % words,
            )
    names = _listed((signature["field"] for signature in facts["signatures"]), named)
    return Check("signatures", True, _("Every signature is intact and trusted: %s.") % names)


def _expected_signers(facts: dict[str, Any], expected: Expected | None, named: Named) -> Check:
    signed = {signature["field"]: signature["serial"] for signature in facts["signatures"]}
    unsigned = set(facts["unsigned"])
    if expected is not None:
        unsigned -= {field["name"] for field in expected["fields"] if not field["serial"]}  # issued without them
    if unsigned and (expected is not None or ORGANISATION_FIELD in unsigned):
        return Check(
            "expected_signers",
            False,
            _("Not signed: %s. The file was cut back or was never finished.") % _listed(sorted(unsigned), named),
        )
    claimed = facts["attachment"].get("fields", [])
    wanted = [field["name"] for field in expected["fields"] if field["serial"]] if expected else claimed
    if missing := [name for name in wanted if name not in {*signed, *unsigned}]:
        return Check(
            "expected_signers",
            False,
            _("The signature of %s is missing: the file was cut back.") % _listed(missing, named),
        )
    if strange := [name for name in signed if name not in wanted]:
        return Check(
            "expected_signers",
            False,
            _("Signed by somebody who is no signer of it: %s.") % _listed(strange, named),
        )
    if expected is None and unsigned:
        return Check(
            "expected_signers",
            None,
            _("Not signed: %s. The seal covers the file as it is; no record was given of who had to sign.")
            % _listed(sorted(unsigned), named),
        )
    if expected is None:
        return Check(
            "expected_signers",
            None,
            _("All %d signatures that the document names are there; no record was given of whose they must be.")
            % len(signed),
        )
    for field in (field for field in expected["fields"] if field["serial"]):
        if signed[field["name"]] != field["serial"].lower():
            return Check(
                "expected_signers",
                False,
                _("The signature %s was made with another certificate than recorded.") % named(field["name"]),
            )
    return Check("expected_signers", True, _("Every signer is there, each with the recorded certificate."))


def _listed(names: Iterable[str], named: Named = str) -> str:
    return _(", ").join(named(name) for name in names)


def _covers_whole_file(facts: dict[str, Any]) -> Check:
    if any(signature["to_the_end"] for signature in facts["signatures"]):
        return Check("covers_whole_file", True, _("The last signature covers the file up to its last byte."))
    return Check(
        "covers_whole_file",
        False,
        _("The last signature does not cover the whole file: something was appended or cut."),
    )


def _modifications(facts: dict[str, Any], named: Named) -> Check:
    for signature in facts["signatures"]:
        if signature["changes"] not in ("none", "signing"):
            return Check(
                "modifications",
                False,
                _("After the signature %s the file was changed otherwise than by signing it.")
                % named(signature["field"]),
            )
    if not facts["signatures"]:
        return Check("modifications", None, _("Without a signature no change can be seen."))
    return Check("modifications", True, _("After the first signature the file was only signed."))


def _snapshot(facts: dict[str, Any], expected: Expected | None) -> Check:
    attachment = facts["attachment"]
    if problem := attachment.get("problem"):
        return Check("snapshot", False, _("The decision attached as data cannot be read: %s.") % problem)
    if expected and attachment["sha256"] != expected["snapshot_sha256"].lower():
        return Check("snapshot", False, _("The decision attached as data is not the recorded one."))
    if attachment["unprinted"]:
        return Check(
            "snapshot",
            False,
            _("The printed decision differs from the one attached as data, at: %s.") % _listed(attachment["unprinted"]),
        )
    if not attachment["address_ok"]:
        return Check("snapshot", False, _("The address in the QR code belongs to another decision."))
    if expected is None:
        return Check(
            "snapshot",
            None,
            _("The printed decision is the one attached as data (SHA-256 %s); no record was given to compare it with.")
            % attachment["sha256"],
        )
    return Check("snapshot", True, _("The printed decision is the one attached as data, and that is the recorded one."))
