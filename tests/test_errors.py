"""What is told of a product of the pipeline that cannot be read."""

import json

import pytest

from wordorder.io.errors import InputError, reading


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "No such file or directory"),
        ('{"a"', "Expecting"),
        ("{}", "'a' is missing"),
        ("3", "not subscriptable"),
        ("[" * 100_000, "recursion"),
    ],
)
def test_what_is_wrong_is_told(tmp_path, content, problem):
    # Catches: an error of a parser that reaches the user as it is, a KeyError that is told as a key alone.
    path = tmp_path / "a.json"
    if content:
        path.write_text(content)
    with pytest.raises(InputError) as raised, reading(path):
        json.loads(path.read_text())["a"]
    message = str(raised.value)
    assert message.startswith(f"{path} is damaged (")
    assert problem in message
    assert message.endswith("). Delete it and run again.")


def test_other_errors_pass(tmp_path):
    # Catches: a mistake in the program told as damage; a message that is written for people hidden in another one.
    for error in (ZeroDivisionError("deep"), InputError("plain")):
        with pytest.raises(type(error), match=f"^{error}$"), reading(tmp_path):
            raise error
    # Memory that is lacking is no damage, however much the reader of a file catches.
    with pytest.raises(MemoryError), reading(tmp_path, Exception):
        raise MemoryError
    with pytest.raises(InputError, match="deep"), reading(tmp_path, ZeroDivisionError):
        raise ZeroDivisionError("deep")
