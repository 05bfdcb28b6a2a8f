"""Values that forms of every case type share. Refusals carry a code and words."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from casework.domain.ledger import FreeText

LONGEST = 20_000


@dataclass(frozen=True)
class Ask:
    """How a person is asked for a value: its label and hint; the `kind` of field, where its type does not say it; the
    group of policy `labels` that holds the words of its codes; and `shown_with`, such as `decision=other`, where it
    only matters beside that answer."""

    label: Any = ""
    hint: Any = ""
    kind: str = ""
    labels: str = ""
    shown_with: str = ""


class Form(BaseModel):
    """Unknown fields are refused, so that a misspelt one is never lost."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _readable(value: Any) -> Any:
    if isinstance(value, str):
        if "\x00" in value:
            raise PydanticCustomError("nul_character", "{words}", {"words": _("a NUL character cannot be stored")})
        try:
            value.encode()
        except UnicodeEncodeError:
            raise PydanticCustomError(
                "lone_surrogate", "{words}", {"words": _("half of a surrogate pair is no character")}
            ) from None
        if len(value) > LONGEST:
            words = _("%(length)d characters are too many; at most %(most)d")
            raise PydanticCustomError("too_long", "{words}", {"words": words % {"length": len(value), "most": LONGEST}})
    return value


def _not_empty(value: str) -> FreeText:
    if not value.strip():
        raise PydanticCustomError("empty", "{words}", {"words": _("it is empty; say why")})
    return FreeText(value)


def _decimal(value: Any) -> Any:
    """A plain decimal number; NaN, infinities, exponents, full-width digits and floats' dust are refused."""
    text = str(value).strip() if isinstance(value, int | float | str | Decimal) and not isinstance(value, bool) else ""
    whole, _dot, part = text.removeprefix("-").partition(".")
    if not (
        whole.isascii()
        and whole.isdigit()
        and len(whole) <= 6
        and (not part or (part.isascii() and part.isdigit() and len(part) <= 6))
    ):
        raise PydanticCustomError("not_a_number", "{words}", {"words": _("it is not a number such as 7 or 7.5")})
    return Decimal(text)


def _storable(value: datetime) -> datetime:
    """The first and last years cannot be moved into every time zone."""
    if not 1900 <= value.year <= 2200:
        raise PydanticCustomError("beyond_calendar", "{words}", {"words": _("it lies outside the years 1900 to 2200")})
    return value


Readable = BeforeValidator(_readable)  # after Field, whose words then speak of characters
Line = Annotated[str, Field(max_length=200), Readable]
Reasons = Annotated[
    str, BeforeValidator(_readable), AfterValidator(_not_empty), Ask(gettext_lazy("Reasons"), kind="text")
]
Remark = Annotated[str, BeforeValidator(_readable), AfterValidator(FreeText), Ask(kind="text")]
Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal),
    Ask(kind="number"),
    WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,6}(\.\d{1,6})?$"}),
]
Moment = Annotated[AwareDatetime, AfterValidator(_storable), Ask(kind="moment")]
Seconds = Annotated[int, Field(ge=0, le=86_400), Ask(kind="seconds")]


class Nothing(Form):
    """No data."""


class WithReasons(Form):
    reasons: Reasons


class Signature(Form):
    """A signature: the file as it was read, and the credential again (password or token), which unlocks the key."""

    document_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$"), Ask(gettext_lazy("Document"), kind="draft")]
    credential: Annotated[SecretStr, Ask(gettext_lazy("Your password or token, once more"), kind="secret")]


Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Drafted(Form):
    """A rendered draft. The snapshot itself stands on the document, its digest in the ledger."""

    document: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    kind: Line
    snapshot: str
    snapshot_sha256: Digest
    file_sha256: Digest
    fields: list[dict]


class Sealed(Form):
    """A document that the organisation sealed, with the serial number of its certificate."""

    document: Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]
    file_sha256: Digest
    serial: Line


class Recusal(Form):
    """The category is printed, the text is confidential."""

    category: Annotated[
        Literal["kinship", "relationship", "interest", "involved_before", "other"],
        Ask(
            gettext_lazy("Why you should not decide"), gettext_lazy("This is printed in the decision."),
            labels="recusal_categories",
        ),
    ]  # fmt: skip
    text: Annotated[
        Remark, Ask(gettext_lazy("What there is to know"), gettext_lazy("Confidential; it is not printed."))
    ] = ""
