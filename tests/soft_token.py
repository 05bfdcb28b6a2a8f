"""A PKCS#11 token of SoftHSM, for the process: keys are made in it and named by URI."""

import os
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
CURVES = {"P-256": "secp256r1", "P-384": "secp384r1"}
LABEL, PIN = "gongduan-tests", "a pin of the tests 4711"


@cache
def folder() -> Path:
    """The token is there; the module looks where the environment says, once a process."""
    home = Path(mkdtemp(prefix="gongduan-test-token-"))
    (home / "tokens").mkdir()
    (home / "conf").write_text(f"directories.tokendir = {home}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n")
    (home / "pin").write_text(PIN + "\n")
    os.environ["SOFTHSM2_CONF"] = str(home / "conf")
    words = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "5678 and more"]
    subprocess.run(words, check=True, capture_output=True)
    return home


def uri(label: str, **other: str) -> str:
    """Of the key with that label; `other` parts stand in for the right ones."""
    parts = {"token": LABEL, "module": MODULE, "pin": f"file:{folder() / 'pin'}"} | other
    return f"pkcs11:token={parts['token']};object={label}?module-path={parts['module']}&pin-source={parts['pin']}"


def made(label: str, kind: str = "P-256") -> str:
    """A key pair in the token, as whoever runs the HSM makes it; its URI."""
    import pkcs11
    from pkcs11.util.ec import encode_named_curve_parameters

    with _opened() as session:
        if kind.startswith("RSA"):
            session.generate_keypair(pkcs11.KeyType.RSA, int(kind[4:]), store=True, label=label)
        else:
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters(CURVES[kind])}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            parameters.generate_keypair(store=True, label=label)
    return uri(label)


def unmade(label: str) -> None:
    """Both keys with that label are gone."""
    import pkcs11

    with _opened() as session:
        for found in list(session.get_objects({pkcs11.Attribute.LABEL: label})):
            found.destroy()


def _opened() -> Any:
    import pkcs11

    folder()
    token = pkcs11.lib(MODULE).get_token(token_label=LABEL)
    try:
        return token.open(rw=True, user_pin=PIN)
    except pkcs11.exceptions.UserAlreadyLoggedIn:
        return token.open(rw=True)
