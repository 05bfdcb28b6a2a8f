"""What a signing worker can be asked: one JSON object a connection, checked before anything is done with it.

The answer is one object, too: what was asked for, or `{"refused": KIND, "words": …}`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from casework.documents.errors import DocumentError, NoSuchKey, PkiError, TooManyTries, WrongSecret

Serial = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,40}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]  # SHA-256
Secret = Annotated[str, Field(repr=False, max_length=2000)]
REFUSALS: dict[str, type[DocumentError]] = {
    kind.__name__: kind for kind in (WrongSecret, NoSuchKey, TooManyTries, PkiError)
}


class Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)

    language: Literal["en", "zh-hans"] = "en"  # of refusals


class Enrol(Asked):
    """{"certificate", "serial"}"""

    do: Literal["enrol"] = "enrol"
    name: str
    no: str
    secret: Secret
    demo: bool
    since: AwareDatetime


class Sign(Asked):
    """{"signature"}, in hexadecimal"""

    do: Literal["sign"] = "sign"
    serial: Serial
    secret: Secret
    digest: Digest


class ShowSeal(Asked):
    """{"certificate"}"""

    do: Literal["show_seal"] = "show_seal"


class Seal(Asked):
    """{"signature"}; of the seal with that serial number, not of one that came since."""

    do: Literal["seal"] = "seal"
    serial: Serial
    digest: Digest


class Revoke(Asked):
    """{"list"}"""

    do: Literal["revoke"] = "revoke"
    revoked: dict[Serial, AwareDatetime]
    at: AwareDatetime


class Adopt(Asked):
    """{"adopted": false} where it was there already"""

    do: Literal["adopt"] = "adopt"
    certificate: str
    key: Annotated[str, Field(repr=False)]  # locked


class Forget(Asked):
    """{"forgotten"}: how many"""

    do: Literal["forget"] = "forget"
    serials: list[Serial]


# Where workers have a socket of their own, nobody else may ask for these.
OF_WORKERS = (Seal, Adopt, Forget)

Request = Enrol | Sign | ShowSeal | Seal | Revoke | Adopt | Forget
_every: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="do")])


def read(frame: bytes) -> Request:
    """ValueError for anything that is none of them, without what was in it."""
    return _every.validate_json(frame)


Answer = dict[str, Any]
