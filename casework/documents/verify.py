"""Is this file the document that was issued? Each way in which it might not be is a check with a name."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from casework.documents.check import Check, Expected, Named, listed
from casework.documents.limits import DEFAULT_LIMITS, Limits
from casework.documents.signature_check import signatures_check, signers_check, time_stamp_check
from casework.documents.workshop import Workshop

Revoked = Callable[[Collection[str]], Mapping[str, datetime]]

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


def verify(
    file: bytes,
    *,
    roots: Sequence[str],
    expected: Expected | None = None,
    revoked: Revoked | None = None,
    limits: Limits = DEFAULT_LIMITS,
    named: Named = str,
    stamp_roots: Sequence[str] = (),
) -> list[Check]:
    """The checks of CODES, in that order, for a file of unknown origin; for a stamped edition they are of the issued
    file with which it begins, and `time_stamp` comes last.

    `roots`: PEM of the certificates to trust, and no others; `stamp_roots`: of those for time stamps. `expected`: the
    record of this document; without it the file can only be compared with itself. Certificates must have been in force
    when the document was issued; now, where no record says when that was. `revoked`: which certificates are, by serial
    number, and since when. `named`: what a field to be signed is called. Reads the file in a child process under
    `limits`, fetches nothing and never raises for what the file holds.
    """
    unread = _("Not looked at: the file could not be read.")
    if len(file) > limits.file_mib * 1024 * 1024:  # and perhaps not all of it, so that even its digest says nothing
        too_large = _parse({"unreadable": _("it is larger than %d MiB") % limits.file_mib})
        return [too_large, *(Check(code, None, unread) for code in CODES[1:])]
    at = expected["issued_at"].isoformat() if expected else None
    facts, _blob = _inspection.do({"roots": list(roots), "at": at, "stamp_roots": list(stamp_roots)}, file, limits)
    stamp = facts.get("stamp")
    checks = [_parse(facts), _file_hash(file[: stamp["length"]] if stamp else file, expected, stamped=bool(stamp))]
    if checks[1].ok and "failed" in facts:  # it could be read when it was issued: the lack is on our side
        checks[0] = Check("parse", None, _("The file could not be looked at just now; try again later."))
    if checks[0].ok:
        return checks + [
            signatures_check(facts, expected, revoked(_serials(facts)) if revoked else {}, named),
            signers_check(facts, expected, named),
            _covers_whole_file(facts),
            _modifications(facts, named),
            _snapshot(facts, expected),
            *([time_stamp_check(stamp, expected, bool(stamp_roots))] if stamp else []),
        ]
    return checks + [Check(code, None, unread) for code in CODES[2:]]


def claimed_id(file: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """The id of the document that the file's attached decision.json says it is; empty when it says none."""
    return str((_facts(file, limits).get("attachment") or {}).get("id", ""))


def claimed_snapshot(file: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    """The SHA-256 of the decision.json attached to the file; empty when it has none."""
    return str((_facts(file, limits).get("attachment") or {}).get("sha256", ""))


def issued_part(file: bytes, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """The issued file with which a stamped edition begins; any other file whole."""
    stamp = _facts(file, limits).get("stamp")
    return file[: stamp["length"]] if stamp else file


def _facts(file: bytes, limits: Limits) -> dict[str, Any]:
    if len(file) > limits.file_mib * 1024 * 1024:
        return {}
    return _inspection.do({"roots": [], "at": None, "stamp_roots": []}, file, limits)[0]


def _serials(facts: dict[str, Any]) -> list[str]:
    return [signature["serial"] for signature in facts["signatures"]]


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


def _file_hash(file: bytes, expected: Expected | None, *, stamped: bool) -> Check:
    digest = hashlib.sha256(file).hexdigest()
    if expected is None:
        return Check("file_hash", None, _("SHA-256 %s; no record was given to compare it with.") % digest)
    if digest == expected["sha256"].lower() and stamped:
        words = _("The file begins, byte for byte, with the one that was issued (SHA-256 %s); a time stamp follows.")
        return Check("file_hash", True, words % digest)
    if digest == expected["sha256"].lower():
        return Check("file_hash", True, _("The file is, byte for byte, the one that was issued (SHA-256 %s).") % digest)
    return Check(
        "file_hash",
        False,
        _("The file is not, byte for byte, the one that was issued: its SHA-256 is %(is)s, recorded is %(recorded)s.")
        % {"is": digest, "recorded": expected["sha256"]},
    )


def _covers_whole_file(facts: dict[str, Any]) -> Check:
    stamp = facts.get("stamp")
    if stamp and not (stamp["to_the_end"] and stamp["plain"]):
        words = _("The time stamp does not cover the whole file: something was appended, cut, or put into its space.")
        return Check("covers_whole_file", False, words)
    if stamp:
        return Check("covers_whole_file", True, _("The time stamp covers the file up to its last byte."))
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
    if facts["retitled"]:
        return Check("modifications", False, _("After the first signature its title or author was changed."))
    if "stamp" in facts and not facts["stamp"]["alone"]:
        words = _("Behind the issued file something else stands than certificates and one time stamp.")
        return Check("modifications", False, words)
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
            _("The printed decision differs from the one attached as data, at: %s.") % listed(attachment["unprinted"]),
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
