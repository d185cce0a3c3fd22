"""Does the database fit the installed MLflow? python -m ops.schema [URI]

Without a URI: the one in MLFLOW_BACKEND_STORE_URI. Prints one word, and fails for the last two:

  empty    nothing there yet: the server will make its tables
  current  fits
  older    MLflow would change some tables at its next start, for good, and without asking
  newer    a later MLflow has been at work: this one would refuse each request
"""

import os
import re
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import sqlalchemy
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

LINK = re.compile(r'^(revision|down_revision)\b.*= "(\w+)"', re.MULTILINE)


def shipped() -> tuple[set[str], str]:
    """All revisions that the installed MLflow knows, and the last one.

    Read from the text of its migrations: importing them would import MLflow, which takes seconds.
    """
    package = find_spec("mlflow")
    if package is None or not package.submodule_search_locations:
        raise SystemExit("error: MLflow is not installed here")
    folder = Path(package.submodule_search_locations[0]) / "store/db_migrations/versions"
    links = [link for file in folder.glob("*.py") for link in LINK.findall(file.read_text("utf-8"))]
    known = {name for kind, name in links if kind == "revision"}
    heads = known - {name for kind, name in links if kind == "down_revision"}
    if len(heads) != 1:
        raise SystemExit(f"error: MLflow's migrations have {len(heads)} ends, not one")
    return known, heads.pop()


def applied(uri: str) -> str:
    """The revision that the database has; empty when there is none."""
    url = make_url(uri)
    if url.drivername.startswith("sqlite") and not Path(url.database or "").exists():
        return ""  # to look would make the file
    engine = sqlalchemy.create_engine(url)
    try:
        tables = sqlalchemy.inspect(engine).get_table_names()
        if not tables:
            return ""
        if "alembic_version" not in tables:
            raise SystemExit(f"error: {url.database} holds something else than MLflow's tables")
        with engine.connect() as connection:
            found = connection.execute(sqlalchemy.text("SELECT version_num FROM alembic_version"))
            return found.scalar() or ""
    finally:
        engine.dispose()


def state(revision: str, known: set[str], head: str) -> str:
    if not revision:
        return "empty"
    if revision == head:
        return "current"
    return "older" if revision in known else "newer"


def advice(found: str, uri: str) -> str:
    mlflow = f"MLflow {version('mlflow')}"
    local = uri.startswith("sqlite")
    if found == "newer":
        return (
            f"the database was used by a later version than {mlflow}, which is the older one here: "
            "install that version again (requirements-server.txt), or go back to a copy of the "
            "database from before"
        )
    keep = "cp mlflow.db mlflow.db.before" if local else "make backup"
    then = f".venv/bin/mlflow db upgrade {uri}" if local else "UPGRADE=yes in .env, and start again"
    return f"the database is older than {mlflow}. Keep a copy first: {keep}. Then: {then}"


def main() -> int:
    uri = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("MLFLOW_BACKEND_STORE_URI", "")
    if not uri:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        revision = applied(uri)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip()
        shown = make_url(uri).render_as_string(hide_password=True)
        print(f"error: cannot read the database {shown}: {reason}", file=sys.stderr)
        return 2
    found = state(revision, *shipped())
    print(found)
    if found in ("older", "newer"):
        print(f"error: {advice(found, uri)}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
