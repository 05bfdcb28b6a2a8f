from tests.commands.conftest import nobody_at_the_terminal, token_of  # noqa: F401
