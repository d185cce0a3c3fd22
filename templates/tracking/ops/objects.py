"""What backups are made of, inside the containers.

python -m ops.objects save | load | count | compare

  save     every object of the store, as a tar on stdout
  load     the same back, from stdin
  count    rows by table, SHA-256 by object, and which database this is, as JSON on stdout
  compare  whether all that a count on stdin lists is here
"""

import contextlib
import hashlib
import json
import os
import sys
import tarfile
from collections.abc import Iterator
from typing import IO, Any

import boto3
import sqlalchemy

BUCKET = os.environ.get("S3_BUCKET", "mlflow")


def store() -> Any:
    return boto3.client("s3", endpoint_url=os.environ["MLFLOW_S3_ENDPOINT_URL"])


def make_bucket(s3: Any) -> None:
    """The store has the bucket afterwards, whether it had it before or not."""
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=BUCKET)


def objects(s3: Any) -> Iterator[tuple[str, int]]:
    """Name and size of each object, in the order of their names."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
        for entry in page.get("Contents", []):
            yield entry["Key"], entry["Size"]


def save(out: IO[bytes]) -> None:
    s3 = store()
    # A stream: nothing is kept in memory or on a disk, however large the store is.
    with tarfile.open(fileobj=out, mode="w|") as tar:
        for key, size in objects(s3):
            entry = tarfile.TarInfo(key)
            entry.size = size
            tar.addfile(entry, s3.get_object(Bucket=BUCKET, Key=key)["Body"])


class Stream:
    """A file of the archive that can only be read on: boto3 then asks for nothing else."""

    def __init__(self, source: IO[bytes]) -> None:
        self.read = source.read


def load(source: IO[bytes]) -> None:
    s3, count = store(), 0
    make_bucket(s3)  # where the server was never up, it does not exist yet
    with tarfile.open(fileobj=source, mode="r|") as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            if content is not None:
                s3.upload_fileobj(Stream(content), BUCKET, entry.name)
                count += 1
    print(f"{count} objects")


def count() -> dict[str, Any]:
    engine = sqlalchemy.create_engine(os.environ["MLFLOW_BACKEND_STORE_URI"])
    with engine.connect() as connection:
        # Given when the cluster is made, and never again: an empty one has another number.
        system = connection.execute(
            sqlalchemy.text("SELECT system_identifier FROM pg_control_system()")
        ).scalar()
        rows = {}
        for name in sorted(sqlalchemy.inspect(connection).get_table_names()):
            table = sqlalchemy.table(name)
            asked = sqlalchemy.select(sqlalchemy.func.count()).select_from(table)
            rows[name] = connection.execute(asked).scalar()
    s3, hashes = store(), {}
    for key, _ in objects(s3):
        digest = hashlib.sha256()
        for piece in s3.get_object(Bucket=BUCKET, Key=key)["Body"].iter_chunks(1 << 20):
            digest.update(piece)
        hashes[key] = digest.hexdigest()
    return {"system": str(system), "rows": rows, "objects": hashes}


def missing(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What the first lists and the second does not have, or has otherwise."""
    fewer = [
        f"{table}: {found['rows'].get(table, 0)} rows of {rows}"
        for table, rows in wanted["rows"].items()
        if found["rows"].get(table, 0) < rows
    ]
    others = [
        f"{key}: {'another content' if key in found['objects'] else 'not there'}"
        for key, digest in wanted["objects"].items()
        if found["objects"].get(key) != digest
    ]
    return fewer + others


def main() -> int:
    match sys.argv[1:]:
        case ["save"]:
            save(sys.stdout.buffer)
        case ["load"]:
            load(sys.stdin.buffer)
        case ["count"]:
            print(json.dumps(count(), indent=2))
        case ["compare"]:
            wanted = json.load(sys.stdin)
            lost = missing(wanted, count())
            for line in lost:
                print(f"lost: {line}", file=sys.stderr)
            rows = sum(wanted["rows"].values())
            print(f"{rows} rows and {len(wanted['objects'])} objects, {len(lost)} lost")
            return 1 if lost else 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
