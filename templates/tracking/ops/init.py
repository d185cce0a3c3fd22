"""Once before the server, in containers: python -m ops.init

Is the store there, does it know us, and does the database fit?

Makes the bucket in an empty store and the tables in an empty database. The tables of an older one
are changed only with UPGRADE=yes.
"""

import os
import subprocess
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from ops import objects, schema

UPGRADE = ["mlflow", "db", "upgrade"]
UPGRADE_SECONDS = 600


def store() -> None:
    """The store takes our keys, and has the bucket."""
    address = os.environ["MLFLOW_S3_ENDPOINT_URL"]
    patience = Config(connect_timeout=5, read_timeout=10, retries={"max_attempts": 3})
    s3 = boto3.client("s3", endpoint_url=address, config=patience)
    try:
        objects.make_bucket(s3)
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise SystemExit(
            f"error: the store at {address} refuses the bucket {objects.BUCKET} ({code}): "
            "S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY are not those that it was started with. "
            "Start both again: mlops-lab up (or docker compose up --detach)"
        ) from None
    except BotoCoreError as error:
        raise SystemExit(f"error: the store at {address} cannot be reached: {error}") from None
    print(f"the store has the bucket {objects.BUCKET}")


def database(uri: str) -> None:
    """The database lets us in, and has the tables of this MLflow."""
    try:
        revision = schema.applied(uri)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()[-1]
        if "password authentication failed" in reason:
            raise SystemExit(
                "error: the database refuses POSTGRES_PASSWORD of .env: it keeps the one that its "
                "volume was made with. Put that one back, or start over without the old runs: "
                "mlops-lab down --purge (or docker compose down --volumes)"
            ) from None
        raise SystemExit(f"error: the database cannot be reached: {reason}") from None
    found = schema.state(revision, *schema.shipped())
    upgrade = found == "older" and os.environ.get("UPGRADE") == "yes"
    if found in ("older", "newer") and not upgrade:
        raise SystemExit(f"error: {schema.advice(found, uri)}")
    if found == "empty" or upgrade:
        try:
            done = subprocess.run(
                [*UPGRADE, uri],
                capture_output=True,
                text=True,
                timeout=UPGRADE_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SystemExit(
                f"error: mlflow db upgrade did not end within {UPGRADE_SECONDS} s: "
                "is there a lock on the tables?"
            ) from None
        if done.returncode:
            raise SystemExit(f"{done.stderr}\nerror: mlflow db upgrade failed")
        found += ", and has the tables of this MLflow now"
    print(f"the database is {found}")


def main() -> int:
    store()
    database(os.environ["MLFLOW_BACKEND_STORE_URI"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
