"""The time stamp that may stand behind an issued decision (RFC 3161, in DER), and whether nothing else does; for
verify_pdf.py. A store of certificates and lists of revoked ones comes with it, which shows nothing to a reader."""

import hashlib
from datetime import datetime, timedelta, timezone

from pdf_checks import covered, kept
from pdf_file import Pdf
from pdf_signature import der, has_issued, known, part, parts
from verify import need

CLOCKS_DIFFER = timedelta(minutes=5)
FORM = "不是所需的时间戳格式 ¦ a time stamp of another form"
FIELD = {"FT", "T", "Type", "Subtype", "F", "Rect", "P", "TU", "V"}
VALUE = {"Type", "Filter", "SubFilter", "Contents", "ByteRange"}
# Object identifiers: what is signed, by which attributes, with which algorithms.
SIGNED_DATA, TST_INFO = bytes.fromhex("2A864886F70D010702"), bytes.fromhex("2A864886F70D0109100104")
KIND, DIGEST = bytes.fromhex("2A864886F70D010903"), bytes.fromhex("2A864886F70D010904")
SIGNERS = [bytes.fromhex("2A864886F70D010910022F"), bytes.fromhex("2A864886F70D010910020C")]
HASHES = {bytes.fromhex(f"60864801650304020{n}"): name for n, name in ((1, "sha256"), (2, "sha384"), (3, "sha512"))}
RSA, RSA_WITH = bytes.fromhex("2A864886F70D010101"), {bytes.fromhex(f"2A864886F70D01010{n}") for n in "BCD"}
ECDSA_WITH = {bytes.fromhex(f"2A8648CE3D04030{n}") for n in (2, 3, 4)}
BY_LENGTH = {20: "sha1", 32: "sha256", 48: "sha384", 64: "sha512"}  # of the certificate, as the stamp names it


def issued_part(pdf):
    """(the issued file with which it begins, the reference to the stamp behind it); the file and None without one."""
    last = list(pdf.signed.values())[-1]
    if pdf[last].get("Type") != b"/DocTimeStamp" or len(pdf.signed) < 2:
        return pdf, None
    others = [pdf[one]["ByteRange"] for one in pdf.signed.values() if pdf[one].get("Type") != b"/DocTimeStamp"]
    return Pdf(pdf.data[: max(sum(one[2:]) for one in others)]), last


def only_stamped(pdf, issued, stamp):
    """Whether the file is the issued one with one revision more, in which all is known: field, stamp and store."""
    if len(pdf.revisions) != len(issued.revisions) + 1 or pdf.catalog["AcroForm"] != issued.catalog["AcroForm"]:
        return False
    trailer, old, [form] = pdf.trailers[-1], issued.objects, pdf.catalog["AcroForm"]
    new = {number: one for number, one in pdf.revisions[-1].items() if number != trailer["number"]}
    [field] = [one for one in pdf.fields.values() if pdf[one].get("V") == stamp]
    [root], [info], [metadata] = trailer["Root"], trailer["Info"], issued.catalog["Metadata"]
    added = {field[0], stamp[0], pdf.catalog["DSS"][0], *_store(pdf)}
    if trailer["number"] in old or set(new) - set(old) != added:
        return False
    if not set(pdf[field]) <= FIELD or any(map(float, pdf[field]["Rect"])):
        return False
    if not set(pdf[stamp]) <= VALUE or pdf[stamp]["SubFilter"] != b"/ETSI.RFC3161":
        return False
    for number in set(new) & set(old):
        (before, was), (after, now) = kept(*old[number]), kept(*new[number])
        if number == root:
            before = {**before, "DSS": pdf.catalog["DSS"]}
        elif number == form:
            before = {**before, "Fields": [*before["Fields"], field]}
        elif before.get("Type") == b"/Page" and before.get("Annots", []) != after.get("Annots"):
            before = {**before, "Annots": [*before.get("Annots", []), field]}
        elif number not in (info, metadata):
            return False
        if (before, was) != (after, now):
            return False
    return root in new


def _store(pdf):
    """The numbers of what the store holds, which are certificates and lists of revoked ones."""
    from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

    store, found = pdf[pdf.catalog["DSS"]], []
    need(set(store) <= {"Type", "Certs", "CRLs"}, FORM)
    for key, load in (("Certs", load_der_x509_certificate), ("CRLs", load_der_x509_crl)):
        for one in store.get(key, []):
            value, content = pdf.objects[one[0]]
            need(set(value) == {"Length"} and len(part(content)[2]) == len(content), FORM)
            load(content)
            found.append(one[0])
    return found


def stamped_at(pdf, stamp, roots):
    """(the authority's time, its name). Raises unless an authority under one of the roots stamped just these bytes."""
    from cryptography.x509 import load_der_x509_certificate
    from cryptography.x509.oid import NameOID

    space = pdf[stamp]["Contents"][1:-1]
    _tag, content, whole = part(bytes.fromhex(space.decode()))
    need(space.lower() == whole.hex().encode().ljust(len(space), b"0"), FORM)
    kind, signed = parts(content, 0x06, 0xA0)
    _version, _hashes, form, *more = _all(*parts(signed, 0x30))
    coded, signers = next(one for one in more if one[0] == 0xA0)[1], more[-1][1]
    kind_of, packed = parts(form[1], 0x06, 0xA0)
    [info] = parts(packed, 0x04)
    need([kind, kind_of] == [SIGNED_DATA, TST_INFO], FORM)
    _version, _policy, imprint, _serial, time, *_rest = _all(*parts(info, 0x30))
    need(time[0] == 0x18, FORM)
    [hashed_by, *_none], digest = _all(parts(imprint[1], 0x30, 0x04)[0]), parts(imprint[1], 0x30, 0x04)[1]
    over = hashlib.new(_hash(hashed_by[1]), covered(pdf, stamp)[0]).digest()
    need(over == digest, "时间戳所盖的不是这些内容 ¦ the time stamp is over something else")
    certificates = [load_der_x509_certificate(one[2]) for one in _all(coded) if one[0] == 0x30]
    signer = _signed(info, *parts(signers, 0x30), certificates)
    text = time[1].decode().rstrip("Z").partition(".")[0]
    at = datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)  # noqa: UP017 -- runs on Python 3.9, too
    _check_chain(signer, certificates, roots, at)
    names = [one.value for one in signer.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return at, ", ".join(names)


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
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

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
    [found] = [one for one in certificates if (one.issuer.public_bytes(), one.serial_number) == (issuer[2], serial)]
    [[identified], *_more] = [parts(told[kind], 0x30) for kind in SIGNERS if kind in told]
    fingerprint = next(one[1] for one in _all(_all(_all(identified)[0][1])[0][1]) if one[0] == 0x04)
    own = found.public_bytes(_der())
    need(hashlib.new(BY_LENGTH[len(fingerprint)], own).digest() == fingerprint, FORM)
    key, sealed, method = found.public_key(), der(0x31, attributes[1]), getattr(hashes, name.upper())()
    used = _all(algorithm[1])[0][1]
    if isinstance(key, rsa.RSAPublicKey) and used in {RSA, *RSA_WITH}:
        key.verify(proof[1], sealed, padding.PKCS1v15(), method)
    else:
        known(
            isinstance(key, ec.EllipticCurvePublicKey) and used in ECDSA_WITH, "不认识的算法 ¦ an algorithm not known"
        )
        key.verify(proof[1], sealed, ec.ECDSA(method))
    return found


def _der():
    from cryptography.hazmat.primitives.serialization import Encoding

    return Encoding.DER


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
