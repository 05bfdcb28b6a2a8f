"""Private keys at rest: PKCS#8 locked by a secret."""

from __future__ import annotations

import os

from asn1crypto import algos, core, keys, pem
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.padding import PKCS7
from django.utils.translation import gettext as _

from casework.documents.errors import WrongSecret

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

# A stolen database must not yield keys to a list of common passwords; the libraries' default is 2048 rounds.
ROUNDS = 600_000


def lock(key: PrivateKey, secret: str) -> str:
    """PEM of `key` (PKCS#8, PBES2: PBKDF2-HMAC-SHA256 with ROUNDS, AES-256-CBC), opened only by `secret`."""
    if not secret:
        raise WrongSecret(_("A signing key needs a secret. Set one and try again."))
    plain = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    salt, start = os.urandom(16), os.urandom(16)
    padder = PKCS7(128).padder()
    cipher = Cipher(algorithms.AES256(_derived(secret, salt)), modes.CBC(start)).encryptor()
    locked = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    info = keys.EncryptedPrivateKeyInfo(
        {
            "encryption_algorithm": algos.EncryptionAlgorithm(
                {
                    "algorithm": "pbes2",
                    "parameters": algos.Pbes2Params(
                        {
                            "key_derivation_func": algos.KdfAlgorithm(
                                {
                                    "algorithm": "pbkdf2",
                                    "parameters": algos.Pbkdf2Params(
                                        {
                                            "salt": algos.Pbkdf2Salt("specified", core.OctetString(salt)),
                                            "iteration_count": ROUNDS,
                                            "prf": algos.HmacAlgorithm(
                                                {"algorithm": "sha256", "parameters": core.Null()}
                                            ),
                                        }
                                    ),
                                }
                            ),
                            "encryption_scheme": algos.EncryptionAlgorithm(
                                {"algorithm": "aes256_cbc", "parameters": core.OctetString(start)}
                            ),
                        }
                    ),
                }
            ),
            "encrypted_data": locked,
        }
    )
    return pem.armor("ENCRYPTED PRIVATE KEY", info.dump()).decode()


def unlock(key_pem: str, secret: str) -> PrivateKey:
    """The key. Raises WrongSecret when `secret` does not open it or `key_pem` is no locked key."""
    try:
        key = serialization.load_pem_private_key(key_pem.encode(), password=secret.encode())
    except (ValueError, TypeError):
        raise WrongSecret(_("The secret does not open this signing key. Enter it again.")) from None
    if not isinstance(key, PrivateKey):
        raise WrongSecret(_("The signing key is of a kind that cannot sign documents. Issue a new certificate."))
    return key


def change_secret(key_pem: str, old: str, new: str) -> str:
    """The same key, locked by `new`. Raises WrongSecret when `old` does not open it."""
    return lock(unlock(key_pem, old), new)


def _derived(secret: str, salt: bytes) -> bytes:
    return PBKDF2HMAC(algorithm=SHA256(), length=32, salt=salt, iterations=ROUNDS).derive(secret.encode())
