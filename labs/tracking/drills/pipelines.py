"""The team's pipelines: they call the server by the team's name for it, until they are stopped."""

import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "verify"))
from lab import API, login

NAME = "mlflow.team.internal:<[ port ]>"
PAUSE_SECONDS = 5.0

if __name__ == "__main__":
    path = "/api/2.0/mlflow/experiments/search?max_results=1"
    request = urllib.request.Request(API + path, headers=login() | {"Host": NAME})
    while os.getppid() != 1:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                print(f"pipeline: {answer.status}", flush=True)
        except urllib.error.HTTPError as error:
            print(f"pipeline: {error.code}", flush=True)
        except OSError as error:
            print(f"pipeline: {error}", flush=True)
        time.sleep(PAUSE_SECONDS)
