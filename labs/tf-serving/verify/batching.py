"""Was this server measured without and with batching, and is batching on?"""

import json
import os
from pathlib import Path
from urllib.parse import urlsplit

import lab
import levels
import live
import verdict
from google.protobuf import text_format
from wire import config


def flags() -> list[str]:
    """What the running server was started with."""
    if os.environ.get("MLOPS_LAB_RUNTIME") == "compose":
        name = live.output("docker", "compose", "ps", "--quiet", "server").strip()
        if not name:
            verdict.cannot_tell("there is no running container of the service `server`")
        return json.loads(live.output("docker", "inspect", name))[0]["Args"]
    port = f"--rest_api_port={urlsplit(lab.API).port}"
    for line in live.output("ps", "-A", "-ww", "-o", "args=").splitlines():
        given = line.split()
        # Not only the first word: where a script stands for the program, its interpreter comes
        # before it.
        if port in given and any(Path(word).name == "tensorflow_model_server" for word in given):
            return given
    verdict.cannot_tell(f"no tensorflow_model_server with {port} runs on this machine")


def examine(file: str) -> list[float]:
    report = verdict.read_json(file)
    measured = levels.examine(report, file)
    if report.get("server") != "TensorFlow Serving":
        verdict.not_yet(f"{file} measured {report.get('server')}, not TensorFlow Serving")
    return [level["mean_ms"] for level in measured]


def main() -> None:
    given = flags()
    # The server takes `--flag` alone for true, and nothing else than true and false.
    if not {"--enable_batching", "--enable_batching=true"} & set(given):
        verdict.not_yet("the running server was started without the flag --enable_batching=true")
    if not any(one.startswith("--batching_parameters_file=") for one in given):
        verdict.not_yet(
            "the running server was started without the flag --batching_parameters_file="
        )
    try:
        config.batching(Path("config/batching.config").read_text("utf-8"))
    except (OSError, ValueError, text_format.ParseError) as error:
        verdict.not_yet(f"config/batching.config: {error}")
    single, batched = examine("reports/load-single.json"), examine("reports/load-batched.json")
    if single == batched:
        verdict.not_yet("the two reports are the same run")
    print("measured without and with batching, and batching is on")


main()
