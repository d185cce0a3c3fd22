"""Whether a database fits is reported before the server starts."""

import sqlite3
from pathlib import Path

import pytest

from ops import schema


def database(folder: Path, revision: str | None) -> str:
    connection = sqlite3.connect(folder / "mlflow.db")
    connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
    if revision:
        connection.execute("INSERT INTO alembic_version VALUES (?)", [revision])
    connection.commit()
    connection.close()
    return f"sqlite:///{folder}/mlflow.db"


def ask(
    uri: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["schema", uri])
    code = schema.main()
    said = capsys.readouterr()
    return code, said.out.strip(), said.err


def test_the_migrations_are_one_chain_with_one_end() -> None:
    known, head = schema.shipped()
    assert len(known) > 50
    assert head in known


def test_no_database_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(f"sqlite:///{tmp_path}/none.db", monkeypatch, capsys) == (0, "empty", "")
    assert not list(tmp_path.iterdir()), "looking must not make the file"


@pytest.mark.parametrize(
    ("revision", "code", "word", "advice"),
    [
        ("head", 0, "current", ""),
        (None, 0, "empty", ""),
        ("451aebb31d03", 1, "older", "mlflow db upgrade"),
        ("ffffffffffff", 1, "newer", "the older one here"),
    ],
)
def test_each_age(
    revision: str | None,
    code: int,
    word: str,
    advice: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    uri = database(tmp_path, schema.shipped()[1] if revision == "head" else revision)
    exit_code, said, error = ask(uri, monkeypatch, capsys)
    assert (exit_code, said) == (code, word)
    assert advice in error


def test_a_database_that_cannot_be_read_is_named_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    uri = "postgresql+psycopg://mlflow:secret@127.0.0.1:1/mlflow"
    code, _, error = ask(uri, monkeypatch, capsys)
    assert code == 2
    assert "cannot read the database" in error
    assert "secret" not in error


def test_a_database_of_something_else_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = sqlite3.connect(tmp_path / "x.db")
    connection.execute("CREATE TABLE customers (id TEXT)")
    connection.close()
    with pytest.raises(SystemExit, match="something else"):
        ask(f"sqlite:///{tmp_path}/x.db", monkeypatch, capsys)
