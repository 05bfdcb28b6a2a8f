"""Whether a document's signatures hold, and whether they are those of the people who had to sign it; and its time
stamp, where it has one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from casework.documents.check import Check, Expected, Named, listed
from casework.documents.snapshot import ORGANISATION_FIELD

SECOND = timedelta(seconds=1)  # a PDF's times have no fractions
CLOCKS_DIFFER = timedelta(minutes=5)


def signatures_check(
    facts: dict[str, Any], expected: Expected | None, revoked: Mapping[str, datetime], named: Named
) -> Check:
    """Each is intact, alone in its space, and by a certificate of the root that was in force and not revoked."""
    if not facts["signatures"]:
        return Check("signatures", False, _("The file bears no signature."))
    for signature in facts["signatures"]:
        since = revoked.get(signature["serial"])
        if objection := _objection(signature, expected) or _revocation(signature, since):
            words = {"field": named(signature["field"]), "problem": signature["problem"]}
            return Check("signatures", False, objection % {**words, "since": f"{since:%Y-%m-%d}" if since else ""})
    ended = [one["field"] for one in facts["signatures"] if one["serial"] in revoked or not one["lasts"]]
    if ended and expected is None:
        unsure = _("The certificates of %s hold no longer, and no record says that they were used before.")
        return Check("signatures", None, unsure % listed(ended, named))
    names = listed((signature["field"] for signature in facts["signatures"]), named)
    return Check("signatures", True, _("Every signature is intact and trusted: %s.") % names)


def _objection(signature: dict[str, Any], expected: Expected | None) -> str:
    """What is wrong with one signature; empty where nothing is."""
    if signature["problem"]:
        return _("The signature %(field)s cannot be checked: %(problem)s.")
    if not signature["intact"]:
        return _("The signature %(field)s is broken: what it covers was altered.")
    if not signature["in_force"]:
        return _("The certificate of the signature %(field)s was not in force when it was signed.")
    if not signature["trusted"]:
        return _("The signature %(field)s was made with a certificate that the given root did not issue.")
    if not signature["plain"]:
        return _("The space of the signature %(field)s holds more than the signature.")
    if expected and signature["at"] and _is_after(signature["at"], expected["issued_at"]):
        return _("The signature %(field)s says that it was made after the document was issued.")
    return ""


def _revocation(signature: dict[str, Any], since: datetime | None) -> str:
    if since is None or (signature["at"] and datetime.fromisoformat(signature["at"]) < since):
        return ""
    return _("The signature %(field)s was made with a certificate that is revoked since %(since)s.")


def _is_after(signed: str, issued: datetime) -> bool:
    return datetime.fromisoformat(signed) > issued + SECOND


def signers_check(facts: dict[str, Any], expected: Expected | None, named: Named) -> Check:
    """All have signed who had to, each in their own place, and nobody else."""
    signed = {signature["field"]: signature["serial"] for signature in facts["signatures"]}
    unsigned = set(facts["unsigned"])
    if expected is not None:
        unsigned -= {field["name"] for field in expected["fields"] if not field["serial"]}  # issued without them
    if unsigned and (expected is not None or ORGANISATION_FIELD in unsigned):
        return Check(
            "expected_signers",
            False,
            _("Not signed: %s. The file was cut back or was never finished.") % listed(sorted(unsigned), named),
        )
    claimed = facts["attachment"].get("fields", [])
    wanted = [field["name"] for field in expected["fields"] if field["serial"]] if expected else claimed
    if missing := [name for name in wanted if name not in {*signed, *unsigned}]:
        return Check(
            "expected_signers",
            False,
            _("The signature of %s is missing: the file was cut back.") % listed(missing, named),
        )
    if strange := [name for name in signed if name not in wanted]:
        return Check(
            "expected_signers",
            False,
            _("Signed by somebody who is no signer of it: %s.") % listed(strange, named),
        )
    if mistaken := _mistaken_person(facts, named):
        return Check("expected_signers", False, mistaken)
    if expected is None and unsigned:
        return Check(
            "expected_signers",
            None,
            _("Not signed: %s. The seal covers the file as it is; no record was given of who had to sign.")
            % listed(sorted(unsigned), named),
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


def _mistaken_person(facts: dict[str, Any], named: Named) -> str:
    """Each field is signed by the person that the decision names there, the seal by nobody's certificate but the
    organisation's, and nobody signs twice (decisions.md: no person decides in two roles)."""
    people = facts["attachment"].get("people", {})
    for signature in facts["signatures"]:
        person, wanted = signature["person"], people.get(signature["field"], "")
        words = {"field": named(signature["field"]), "person": person or _("the organisation"), "wanted": wanted}
        if person == wanted:
            continue
        if not wanted:
            return _("%(field)s was signed with the certificate of %(person)s, not with the organisation's.") % words
        return _("%(field)s was signed with the certificate of %(person)s, but the decision names %(wanted)s.") % words
    signed = Counter(signature["person"] for signature in facts["signatures"])
    if twice := [person for person, times in signed.items() if times > 1]:
        return _("One person signed in two roles: %s.") % listed(person or _("the organisation") for person in twice)
    return ""


def time_stamp_check(stamp: dict[str, Any], expected: Expected | None, has_roots: bool) -> Check:
    """It is over these bytes, from an authority of the given roots, and not from before the document was issued."""

    def bad(words: str) -> Check:
        return Check("time_stamp", False, words)

    if stamp["problem"]:
        return bad(_("The time stamp cannot be checked: %s.") % stamp["problem"])
    if not stamp["intact"]:
        return bad(_("The time stamp is over something else, or its signature is broken."))
    at = datetime.fromisoformat(stamp["at"])
    told = {"by": stamp["by"], "at": f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"}
    if expected and at < expected["issued_at"] - CLOCKS_DIFFER:
        return bad(_("The time stamp says %(at)s, which is before the document was issued.") % told)
    if not has_roots:
        words = _("The time stamp says %(at)s, but no root of a time authority was given to check it with.")
        return Check("time_stamp", None, words % told)
    if not stamp["trusted"]:
        return bad(_("The time stamp was made by %(by)s, no time authority under the roots that are trusted.") % told)
    return Check("time_stamp", True, _("The time authority %(by)s saw the file at %(at)s.") % told)
