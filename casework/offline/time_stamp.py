"""A token of a time authority (RFC 3161, in DER), for verify.py and verify_pdf.py: that it stamped just these bytes,
and when; and the stamp that stands in an exported case."""

import hashlib
import json
import re
from datetime import datetime, timedelta, timezone

from pdf_signature import Untold, der, has_issued, known, part, parts
from verify import head_proven, need

CLOCKS_DIFFER = timedelta(minutes=5)
FORM = "不是所需的时间戳格式 ¦ a time stamp of another form"
NONE = "没有时间戳 ¦ there is no time stamp"
COPY, TOKEN, PROOF = "stamp/checkpoint", "stamp/checkpoint.tst", re.compile(r"stamp/([1-9][0-9]{0,8})\.tlog-proof")
# Object identifiers: what is signed, by which attributes, with which algorithms.
SIGNED_DATA, TST_INFO = bytes.fromhex("2A864886F70D010702"), bytes.fromhex("2A864886F70D0109100104")
KIND, DIGEST = bytes.fromhex("2A864886F70D010903"), bytes.fromhex("2A864886F70D010904")
SIGNERS = [bytes.fromhex("2A864886F70D010910022F"), bytes.fromhex("2A864886F70D010910020C")]
HASHES = {bytes.fromhex(f"60864801650304020{n}"): name for n, name in ((1, "sha256"), (2, "sha384"), (3, "sha512"))}
RSA, RSA_WITH = bytes.fromhex("2A864886F70D010101"), {bytes.fromhex(f"2A864886F70D01010{n}") for n in "BCD"}
ECDSA_WITH = {bytes.fromhex(f"2A8648CE3D04030{n}") for n in (2, 3, 4)}
BY_LENGTH = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}  # of the certificate, as the stamp names it


def case_stamp(files, lines, origin, given, trust):
    """What verify.py says of the stamp in an exported case: a sentence, about what, whether it can be told. `lines` are
    the entries, each with the digest of the one before, so whoever stamped one has stamped all before it. Who signed
    the checkpoint is not asked: what counts is the root in it."""
    from cryptography.x509 import load_pem_x509_certificates

    there = sorted(name for name in files if name.startswith("stamp/"))
    if not there:
        return NONE, "", False
    numbers = [int(found[1]) for found in map(PROOF.fullmatch, there) if found]
    whole = len(there) == 3 and {COPY, TOKEN} < set(there) and len(numbers) == 1 and numbers[0] <= len(lines)
    need(whole, "时间戳不完整 ¦ the time stamp is not complete", ", ".join(there))
    [number], name = numbers, f"stamp/{numbers[0]}.tlog-proof"
    need(head_proven(files[name], lines[number - 1], name)[0] == origin, "属于另一日志 ¦ of another log", name)
    same = files[name].partition(b"\n\n")[2] == files[COPY]
    need(same, "证明指向的不是盖了时间戳的检查点 ¦ the proof leads to another checkpoint than was stamped", name)
    pem = given.read_bytes() if given else files.get("keys/tsa.crt.pem", b"")
    roots = load_pem_x509_certificates(pem) if b"BEGIN CERTIFICATE" in pem else []
    try:
        at, by = stamped_at(files[TOKEN], files[COPY], roots)
    except Untold as problem:
        return (*problem.args, False)
    received = datetime.fromisoformat(json.loads(lines[number - 1])["received_at"].replace("Z", "+00:00"))
    need(at >= received - CLOCKS_DIFFER, "时间戳早于记录 ¦ the time stamp is older than the entry", at)
    if not (given or trust):
        return "时间戳的根证书须与公布者核对 ¦ its root is to be compared with what the authority publishes", by, False
    about = f"{number}/{len(lines)}, {by}, {at:%Y-%m-%d %H:%M:%S} UTC"
    return "时间戳服务机构见过的记录，机构、时间 ¦ entries that a time authority saw; who, when", about, True


def stamped_at(token, data, roots):
    """(the authority's time, its name). Raises unless an authority under one of the roots stamped just these bytes."""
    from cryptography.x509 import load_der_x509_certificate
    from cryptography.x509.oid import NameOID

    need(_is_whole(token), "时间戳残缺或多出内容 ¦ the time stamp is cut short, or goes on behind its end")
    kind, signed = parts(part(token)[1], 0x06, 0xA0)
    _version, _hashes, form, *more = _all(*parts(signed, 0x30))
    coded, signers = next(one for one in more if one[0] == 0xA0)[1], more[-1][1]
    kind_of, packed = parts(form[1], 0x06, 0xA0)
    [info] = parts(packed, 0x04)
    need([kind, kind_of] == [SIGNED_DATA, TST_INFO], FORM)
    _version, _policy, imprint, _serial, time, *_rest = _all(*parts(info, 0x30))
    need(time[0] == 0x18, FORM)
    [hashed_by, *_none], digest = _all(parts(imprint[1], 0x30, 0x04)[0]), parts(imprint[1], 0x30, 0x04)[1]
    over = hashlib.new(_hash(hashed_by[1]), data).digest()
    need(over == digest, "时间戳所盖的不是这些内容 ¦ the time stamp is over something else")
    certificates = [load_der_x509_certificate(one[2]) for one in _all(coded) if one[0] == 0x30]
    signer = _signed(info, *parts(signers, 0x30), certificates)
    text = time[1].decode().rstrip("Z").partition(".")[0]
    at = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)  # noqa: UP017 -- runs on Python 3.9, too
    _check_chain(signer, certificates, roots, at)
    names = [one.value for one in signer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return at, ", ".join(names)


def _is_whole(token):
    """Whether the bytes are one DER value, from its first to its last."""
    try:
        return part(token)[2] == token
    except (ValueError, IndexError):
        return False


def _all(data):
    """(tag, content, both with the length) of each DER value that the bytes consist of."""
    found = []
    while data:
        found.append(part(data))
        data = data[len(found[-1][2]) :]
    return found


def _hash(algorithm):
    known(algorithm in HASHES, "不认识的算法 ¦ an algorithm that is not known here")
    return HASHES[algorithm]


def _signed(info, signer, certificates):
    """The certificate with whose key the token is signed."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding

    _version, whose, hashed_by, attributes, algorithm, proof, *_rest = _all(signer)
    need(attributes[0] == 0xA0 and proof[0] == 0x04, FORM)
    name = _hash(_all(hashed_by[1])[0][1])
    told = dict(parts(one[1], 0x06, 0x31) for one in _all(attributes[1]))
    need(parts(told[KIND], 0x06) == [TST_INFO], FORM)
    need(
        parts(told[DIGEST], 0x04) == [hashlib.new(name, info).digest()], "时间戳内容有改动 ¦ the time stamp was altered"
    )
    issuer, number = _all(whose[1])
    serial = int.from_bytes(number[1], "big")
    own = [one for one in certificates if (one.issuer.public_bytes(), one.serial_number) == (issuer[2], serial)]
    need(len(own) == 1, "时间戳不含签署者的证书 ¦ the time stamp does not hold its signer's certificate")
    [found] = own
    [[identified], *_more] = [parts(told[kind], 0x30) for kind in SIGNERS if kind in told]
    fingerprint = next(one[1] for one in _all(_all(_all(identified)[0][1])[0][1]) if one[0] == 0x04)
    coded = found.public_bytes(Encoding.DER)
    need(hashlib.new(BY_LENGTH[len(fingerprint)], coded).digest() == fingerprint, FORM)
    key, sealed, method = found.public_key(), der(0x31, attributes[1]), getattr(hashes, name.upper())()
    used = _all(algorithm[1])[0][1]
    is_rsa = isinstance(key, rsa.RSAPublicKey) and used in {RSA, *RSA_WITH}
    is_ec = isinstance(key, ec.EllipticCurvePublicKey) and used in ECDSA_WITH
    known(is_rsa or is_ec, "不认识的算法 ¦ an algorithm that is not known here")
    try:
        key.verify(proof[1], sealed, *((padding.PKCS1v15(), method) if is_rsa else (ec.ECDSA(method),)))
    except InvalidSignature:
        need(False, "时间戳的签名无效 ¦ the signature of the time stamp is false")
    return found


def _check_chain(signer, certificates, roots, at):
    """Raises unless a root stands above it, each certificate held at that time, and it is one for time stamps."""
    from cryptography.x509 import ExtendedKeyUsage
    from cryptography.x509.oid import ExtendedKeyUsageOID

    known(roots, "没有时间戳服务机构的根证书 ¦ no root of a time authority was given", f"{at:%Y-%m-%d %H:%M:%S} UTC")
    usage = signer.extensions.get_extension_for_class(ExtendedKeyUsage)
    only = usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]
    need(only, "证书不是用于时间戳的 ¦ the certificate is not for time stamps")
    chain = [signer]
    while not (above := [root for root in roots if root == chain[-1] or has_issued(root, chain[-1])]):
        more = [one for one in certificates if one not in chain and has_issued(one, chain[-1])]
        need(more and len(chain) < 8, "不是受信任的时间戳服务机构 ¦ no time authority under the roots that are trusted")
        chain.append(more[0])
    held = all(one.not_valid_before_utc <= at <= one.not_valid_after_utc for one in [*chain, above[0]])
    need(held, "盖时间戳时证书不在有效期内 ¦ the certificate was not valid when it stamped", f"{at}")
