"""One signature (CMS, RFC 5652, in DER) and the certificate that it was made with, for verify_pdf.py."""

import re
from datetime import datetime
from hashlib import sha256

from verify import need

TIME = re.compile(r"D:(\d{14})(Z|[+-]\d\d'\d\d'?)")
# Object identifiers: what is signed, by which attributes, with which algorithms.
SIGNED_DATA, DATA, SHA256 = map(bytes.fromhex, ["2A864886F70D010702", "2A864886F70D010701", "608648016503040201"])
KIND, DIGEST, SIGNER = map(bytes.fromhex, ["2A864886F70D010903", "2A864886F70D010904", "2A864886F70D010910022F"])
ECDSA, *RSA = map(bytes.fromhex, ["2A8648CE3D040302", "2A864886F70D010101", "2A864886F70D01010B"])


class Untold(Exception):
    """It cannot be told."""


def known(truth, said, about=""):
    if not truth:
        raise Untold(said, about)


def time_of(text):
    """The time of a PDF's date, which must have an offset."""
    found = TIME.fullmatch(text)
    need(found, "签署时间有误 ¦ a bad time of signing", text)
    return datetime.strptime(found[1] + found[2].replace("'", ""), "%Y%m%d%H%M%S%z")


def check_certificate(certificate, roots, revoked, at, proven):
    """Raises unless a root issued it for signing, and it held `at` that time; and now, where the time is not proven."""
    from cryptography import x509

    known(roots, "没有根证书 ¦ no root certificate was given")
    root = next((root for root in roots if has_issued(root, certificate)), None)
    need(root, "证书不是由根证书签发的 ¦ the certificate was not issued by the root")
    now, found = datetime.now().astimezone(), {one.oid: one for one in certificate.extensions}
    plain = {one.oid for one in found.values() if one.critical} <= {x509.BasicConstraints.oid, x509.KeyUsage.oid}
    usage = found[x509.KeyUsage.oid].value.digital_signature and not found[x509.BasicConstraints.oid].value.ca
    need(plain and usage, "证书不是用于签名的 ¦ the certificate is not for signing")
    for one in (certificate, root):
        held = one.not_valid_before_utc <= at <= one.not_valid_after_utc and (proven or at <= now)
        need(held, "签署时证书不在有效期内 ¦ the certificate was not valid when it was signed", f"{at}")
    for crl in (crl for crl in revoked if crl.issuer == root.subject):
        need(
            crl.is_signature_valid(root.public_key()),
            "吊销列表不是根证书签发的 ¦ the list of revoked is not the root's",
        )
        gone = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        since = gone and gone.revocation_date_utc
        need(not gone or at < since, "签署时证书已被吊销 ¦ the certificate was revoked since", f"{since}")
        known(not gone or proven, "证书已吊销，无证明说明签署在先 ¦ revoked, and no proof that it was used before")
    lasts = proven or now <= min(one.not_valid_after_utc for one in (certificate, root))
    known(lasts, "证书已过期，无证明说明签署在先 ¦ it has expired, and no proof that it was used before")


def has_issued(root, certificate):
    from cryptography import x509

    try:
        certificate.verify_directly_issued_by(root)
        return root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except Exception:
        return False


def der(tag, content):
    size = len(content)
    length = size.to_bytes((size.bit_length() + 7) // 8, "big") if size > 127 else b""
    return bytes([tag, 128 + len(length) if length else size]) + length + content


def part(data):
    """(tag, content, both with the length) of the DER value with which the bytes begin."""
    size, start = data[1], 2
    if size > 127:
        start += size - 128
        size = int.from_bytes(data[2:start], "big")
    content, whole = data[start : start + size], data[: start + size]
    need(whole == der(data[0], content), "签名编码有误 ¦ a signature is badly coded")
    return data[0], content, whole


def parts(data, *tags):
    """The contents of the values that the bytes consist of. They have these tags."""
    found = []
    for wanted in tags:
        tag, content, whole = part(data)
        need(tag == wanted, "不是所需的签名格式 ¦ a signature of another form")
        found.append(content)
        data = data[len(whole) :]
    need(not data, "不是所需的签名格式 ¦ a signature of another form")
    return found


class Signature:
    """A CMS signature (RFC 5652), detached, in DER, by one signer, whose `certificate` is in it; `space` is where it
    stands in the PDF, in hexadecimal digits."""

    def __init__(self, space):
        from cryptography.x509 import load_der_x509_certificate

        need(len(space) < 1 << 16, "签名过大 ¦ a signature is too large")
        tag, content, whole = part(bytes.fromhex(space.decode()))
        digits = whole.hex().encode()
        alone = space in (digits.ljust(len(space), b"0"), digits.upper().ljust(len(space), b"0"))
        need(tag == 0x30 and alone, "签名所占之处另有内容 ¦ the space of a signature holds more than the signature")
        kind, signed = parts(content, 0x06, 0xA0)
        _version, _hashes, form, coded, signers = parts(*parts(signed, 0x30), 0x02, 0x31, 0x30, 0xA0, 0x31)
        [signer], tags = parts(signers, 0x30), (0x02, 0x30, 0x30, 0xA0, 0x30, 0x04)
        _version, whose, hashed, attributes, algorithm, self.proof = parts(signer, *tags)
        told = dict(parts(one, 0x06, 0x31) for one in parts(attributes, 0x30, 0x30, 0x30))
        [self.digest], [of] = parts(told[DIGEST], 0x04), parts(told[KIND], 0x06)
        plain = [kind, of, *parts(form, 0x06), part(hashed)[1]] == [SIGNED_DATA, DATA, DATA, SHA256]
        need(plain, "不是所需的签名格式 ¦ a signature of another form")
        [[named]] = [parts(one, 0x30) for one in parts(*parts(told[SIGNER], 0x30), 0x30)]
        fingerprint, _issuer = parts(named, 0x04, 0x30)
        issuer, number = parts(whose, 0x30, 0x02)
        self.certificate = load_der_x509_certificate(coded)
        same = fingerprint == sha256(coded).digest() and der(0x30, issuer) == self.certificate.issuer.public_bytes()
        same = same and int.from_bytes(number, "big") == self.certificate.serial_number
        need(same, "签名中的证书不是签署者的 ¦ the certificate in a signature is not its signer's")
        self.algorithm, self.attributes = part(algorithm)[1], der(0x31, attributes)

    def check(self, content):
        """Raises unless the certificate's key (P-256 or RSA) has signed the content."""
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
        from cryptography.hazmat.primitives.hashes import SHA256 as Sha256

        need(sha256(content).digest() == self.digest, "签署后内容有改动 ¦ what was signed was altered")
        key = self.certificate.public_key()
        if isinstance(key, ec.EllipticCurvePublicKey):
            need((key.curve.name, self.algorithm) == ("secp256r1", ECDSA), "不允许的算法 ¦ an algorithm not allowed")
            key.verify(self.proof, self.attributes, ec.ECDSA(Sha256()))
        else:
            sound = isinstance(key, rsa.RSAPublicKey) and key.key_size >= 2048 and self.algorithm in RSA
            need(sound, "不允许的算法 ¦ an algorithm not allowed")
            key.verify(self.proof, self.attributes, padding.PKCS1v15(), Sha256())
