"""What can go wrong with a document, each in words: the reason and the next step."""


class DocumentError(Exception):
    """A document could not be drawn, signed or prepared. `str(error)` is a sentence fit for a reader."""


class RenderError(DocumentError):
    """The snapshot could not be drawn. `code` says why for programs: see `render.REASONS`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class SigningError(DocumentError):
    """The file cannot take this signature: no such field, signed already, or not a file of ours."""


class WrongSecret(DocumentError):
    """The secret does not unlock this key."""


class PkiError(DocumentError):
    """Keys are incomplete, of another kind than asked for, or cannot be made from these names."""


class NoSuchKey(DocumentError):
    """No key of that certificate is kept: it was destroyed, or never handed over."""


class TooManyTries(DocumentError):
    """Wrong secrets were tried on this key; for a while it takes none."""


class HolderAway(DocumentError):
    """The signing worker does not answer; what it was asked for was not done, or nobody will ever see it."""
