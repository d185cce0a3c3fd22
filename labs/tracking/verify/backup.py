"""Was everything brought back into a database that began empty?"""

import json
from datetime import datetime
from pathlib import Path

from lab import RUNTIME, kubectl
from live import output
from verdict import not_yet, read_json

NAME = "<[ project_name ]>"
LEAST_ROWS = {"runs": 200, "logged_models": 8, "model_versions": 1}


def inside(part: str, *command: str, stdin: Path | None = None) -> str:
    """A command where the database or the server is."""
    if RUNTIME == "compose":
        return output("docker", "compose", "exec", "-T", part, *command, stdin=stdin)
    place = f"statefulset/{NAME}-db" if part == "db" else f"deployment/{NAME}-{part}"
    return kubectl("exec", *(["--stdin"] if stdin else []), place, "--", *command, stdin=stdin)


def made() -> float:
    """When the volume of the database was made, in Unix seconds."""
    if RUNTIME == "compose":
        project = output("docker", "compose", "config", "--format", "json")
        volume = json.loads(project)["volumes"]["db"]["name"]
        text = json.loads(output("docker", "volume", "inspect", volume))[0]["CreatedAt"]
    else:
        claim = kubectl("get", "persistentvolumeclaim", f"data-{NAME}-db-0", "--output=json")
        text = json.loads(claim)["metadata"]["creationTimestamp"]
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def main() -> None:
    wanted = read_json("backup/manifest.json")
    dump = Path("backup/database.dump")
    if not dump.exists() or not Path("backup/artifacts.tar").exists():
        not_yet("backup/ is not what ops/backup.sh writes")
    listed = inside("db", "pg_restore", "--list", stdin=dump)
    if "TABLE DATA public runs" not in listed:
        not_yet("backup/database.dump does not hold the runs")
    try:
        for table, least in LEAST_ROWS.items():
            if wanted["rows"][table] < least:
                not_yet(
                    f"the backup has {wanted['rows'][table]} rows of {table}: "
                    "it was made before the lab had its runs"
                )
    except (KeyError, TypeError):
        not_yet("backup/manifest.json is not what ops/backup.sh writes")
    live = json.loads(inside("mlflow", "python", "-m", "ops.objects", "count"))
    if live["system"] == wanted["system"]:
        not_yet("the database is the one that the backup was made of: nothing was restored yet")
    if made() < dump.stat().st_mtime:
        not_yet(
            "the database's volume is older than the backup: nothing was restored into an empty one"
        )
    for table, rows in wanted["rows"].items():
        if live["rows"].get(table, 0) < rows:
            not_yet(f"{table} has {live['rows'].get(table, 0)} rows, and had {rows} in the backup")
    lost = [key for key, digest in wanted["objects"].items() if live["objects"].get(key) != digest]
    if lost:
        not_yet(
            f"{len(lost)} of {len(wanted['objects'])} artifacts are not there as they were: "
            f"{lost[0]}"
        )
    print(f"{sum(wanted['rows'].values())} rows, {len(wanted['objects'])} artifacts")


if __name__ == "__main__":
    main()
