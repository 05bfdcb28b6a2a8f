"""Time stamps of an authority outside (RFC 3161): that somebody else saw these bytes at that time."""

import asyncio
import secrets
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from datetime import datetime
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path

from asn1crypto import cms, core, tsp, x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import Certificate, load_der_x509_certificate
from django.utils.translation import gettext as _
from pyhanko.sign.validation.generic_cms import validate_tst_signed_data
from pyhanko_certvalidator import ValidationContext

PATIENCE = 10.0  # seconds for an answer
LONGEST_ANSWER = 100_000
LONGEST_LIST = 20 << 20  # of what an authority revoked
_GRANTED = ("granted", "granted_with_mods")


class _Answer(core.Sequence):
    """TimeStampResp, in which asn1crypto's own expects a token even where there is none."""

    _fields = [("status", tsp.PKIStatusInfo), ("time_stamp_token", cms.ContentInfo, {"optional": True})]


class StampError(Exception):
    """There is no stamp, or not one that counts; the message says why."""


def asked(url: str, data: bytes) -> bytes:
    """The authority's token over the data (DER), not yet held against anybody's root; StampError where it gave none."""
    return asked_over(url, sha256(data).digest())


def asked_over(url: str, digest: bytes) -> bytes:
    """The same over data of which only the SHA-256 is told."""
    nonce = secrets.randbits(63)
    imprint = {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": digest}
    question = {"version": 1, "message_imprint": imprint, "nonce": nonce, "cert_req": True}
    answer = _sent(url, tsp.TimeStampReq(question).dump())
    try:
        response = _Answer.load(answer, strict=True)
        status = response["status"].native
        if status["status"] not in _GRANTED:
            words = _("the authority refuses: %(status)s %(reason)s")
            reason = " ".join(status["status_string"] or [])[:200]
            raise StampError((words % {"status": status["status"], "reason": reason}).strip())
        token = response["time_stamp_token"]
        if _info(token)["nonce"].native != nonce:
            raise StampError(_("the answer is to another question"))
        return bytes(token.dump())
    except StampError:
        raise
    except Exception as error:  # hostile bytes raise anything at all
        raise StampError(_("the answer is no time stamp: %(reason)s") % {"reason": str(error)[:200]}) from None


def stamped_at(token: bytes, data: bytes, roots: Sequence[Certificate]) -> datetime:
    """The time that the token says, if it is over this data and signed by an authority under one of the roots, whose
    certificate was in force then; else StampError."""
    return stamped_over(token, sha256(data).digest(), roots)


def stamped_over(token: bytes, digest: bytes, roots: Sequence[Certificate]) -> datetime:
    """The same of data by its SHA-256."""
    try:
        content = cms.ContentInfo.load(token, strict=True)
        at = _info(content)["gen_time"].native
        anchors = [x509.Certificate.load(root.public_bytes(Encoding.DER)) for root in roots]
        context = ValidationContext(trust_roots=anchors, allow_fetching=False, moment=at)
        found = asyncio.run(validate_tst_signed_data(content["content"], context, _imprint_of(digest)))
    except Exception as error:  # as above
        raise StampError(_("it is no time stamp: %(reason)s") % {"reason": str(error)[:200]}) from None
    if not (found["intact"] and found["valid"]):
        raise StampError(_("it is over something else, or its signature is broken"))
    if found["trust_problem_indic"] is not None or found["validation_path"] is None:
        raise StampError(_("whoever signed it is no time authority under the roots that are trusted"))
    return at


def certificates_in(token: bytes) -> list[Certificate]:
    """Those that came with the token: the authority's, and what stands above it."""
    try:
        signed = cms.ContentInfo.load(token, strict=True)["content"]
        return [load_der_x509_certificate(one.chosen.dump()) for one in signed["certificates"]]
    except Exception as error:  # as above
        raise StampError(_("it is no time stamp: %(reason)s") % {"reason": str(error)[:200]}) from None


def fetched(source: str) -> bytes:
    """What stands at an address or in a file; StampError where it cannot be had."""
    if not source.startswith(("http://", "https://")):
        try:
            return Path(source).read_bytes()
        except OSError as error:
            words = _("%(source)s cannot be read: %(reason)s")
            raise StampError(words % {"source": source, "reason": error.strerror}) from None
    return _answer_of(urllib.request.Request(source), LONGEST_LIST)


def _imprint_of(digest: bytes) -> Callable[[str], bytes]:
    def imprint(algorithm: str) -> bytes:
        if algorithm != "sha256":
            raise StampError(_("it is over a digest of another kind"))
        return digest

    return imprint


def _info(token: cms.ContentInfo) -> tsp.TSTInfo:
    return token["content"]["encap_content_info"]["content"].parsed


def _sent(url: str, question: bytes) -> bytes:
    kinds = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        request = urllib.request.Request(url, question, kinds, method="POST")
    except ValueError as error:
        raise StampError(_("it does not answer: %(reason)s") % {"reason": error}) from None
    return _answer_of(request, LONGEST_ANSWER)


def _answer_of(request: urllib.request.Request, longest: int) -> bytes:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:  # noqa: S310 -- an address of the settings
            return response.read(longest)
    except urllib.error.HTTPError as error:
        with error:
            raise StampError(_("it answers %(status)d") % {"status": error.code}) from None
    except (OSError, HTTPException, ValueError) as error:
        words = _("it does not answer: %(reason)s")
        raise StampError(words % {"reason": getattr(error, "reason", error)}) from None
