"""Bearer tokens: files, lengths, headers."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from breakwater.api import Tokens
from breakwater.errors import InvalidInput

ONE, TWO = "a" * 16, "b" * 40


@pytest.mark.parametrize("token", [ONE, TWO])
def test_a_known_token_names_its_client(token: str) -> None:
    client = Tokens([ONE, TWO]).client(f"Bearer {token}".encode())
    assert client is not None
    assert client.startswith("token:")
    assert token not in client
    assert client == Tokens([token]).client(f"bearer  {token} ".encode())


@pytest.mark.parametrize(
    "header",
    [
        None,
        b"",
        b"Bearer",
        b"Bearer ",
        b"Bearer " + b"a" * 15,
        b"Bearer " + b"a" * 17,
        b"Basic " + ONE.encode(),
    ],
)
def test_anything_else_is_nobody(header: bytes | None) -> None:
    assert Tokens([ONE, TWO]).client(header) is None


def test_a_file_is_made_once_for_the_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "api" / "token"
    Tokens.make(file)
    token = file.read_text().strip()
    assert len(token) >= 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Tokens.make(file).client(f"Bearer {token}".encode()) is not None
    assert file.read_text().strip() == token


def test_a_file_holds_a_token_a_line(tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    file.touch(mode=0o600)
    file.write_text(f"# the desk's\n{ONE}\n\n  {TWO}\n")
    tokens = Tokens.read(file)
    assert tokens.client(f"Bearer {TWO}".encode()) is not None
    assert tokens.client(b"Bearer # the desk's") is None


@pytest.mark.parametrize(
    ("mode", "content", "sentence"),
    [
        (0o640, ONE, r"^Run chmod 600 \S+: others can read its tokens\.$"),
        (0o600, "short", r"^Give tokens of at least 16 ASCII characters, one a line\.$"),
        (0o600, "# nothing\n", r"^Give tokens of at least 16 ASCII characters, one a line\.$"),
        (None, "", r"^Write a token of your choice to \S+, or name another file\.$"),
    ],
)
def test_a_file_that_will_not_do_is_explained(
    tmp_path: Path, mode: int | None, content: str, sentence: str
) -> None:
    file = tmp_path / "tokens"
    if mode is not None:
        file.write_text(content)
        file.chmod(mode)
    with pytest.raises(InvalidInput, match=sentence):
        Tokens.read(file)
