"""What it takes to find out that a personal access token is none."""

from typing import Any

import pytest

from shared.auth import personal_tokens
from shared.domain import PersonalToken, Principal
from shared.errors import NotAuthenticated


class Tokens:
    """Counts the look-ups."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.stored: list[PersonalToken] = []

    async def personal_token(self, token_hash: str) -> PersonalToken | None:
        self.asked.append(token_hash)
        return next((token for token in self.stored if token.token_hash == token_hash), None)

    async def personal_tokens(self, user_id: str) -> list[PersonalToken]:
        return self.stored

    async def add_personal_token(self, token: PersonalToken) -> bool:
        self.stored.append(token)
        return True


@pytest.fixture
def tokens() -> Any:
    return Tokens()


async def made(tokens: Any) -> str:
    owner = Principal(user_id="ada", email="ada@example.org", family_id="f")
    token, _ = await personal_tokens.create("ci", ["query"], 60.0, owner=owner, tokens=tokens)
    return token


async def test_a_token_costs_one_look_up_by_its_hash(tokens: Any) -> None:
    known = await personal_tokens.verify(await made(tokens), tokens=tokens)
    assert [known] == tokens.stored
    assert tokens.asked == [known.token_hash]


async def test_a_guess_of_the_right_form_costs_one_look_up_too(tokens: Any) -> None:
    guess = await made(Tokens())
    with pytest.raises(NotAuthenticated):
        await personal_tokens.verify(guess, tokens=tokens)
    assert len(tokens.asked) == 1


@pytest.mark.parametrize(
    "guess",
    [
        "rag_",
        "rag_" + "A" * 43 + "00000000",
        "rag_" + "A" * 51,
        "rag_" + "A" * 1_000_000,
        "rag_\ud800",
        "rag_é",
    ],
    ids=lambda guess: ascii(guess[:20]),
)
async def test_what_has_not_the_form_or_the_checksum_costs_none(tokens: Any, guess: str) -> None:
    with pytest.raises(NotAuthenticated):
        await personal_tokens.verify(guess, tokens=tokens)
    assert tokens.asked == []


async def test_a_token_with_a_character_changed_is_known_to_be_none(tokens: Any) -> None:
    token = await made(tokens)
    for place in range(4, len(token)):
        changed = token[:place] + ("b" if token[place] != "b" else "c") + token[place + 1 :]
        with pytest.raises(NotAuthenticated):
            await personal_tokens.verify(changed, tokens=tokens)
    assert tokens.asked == []
