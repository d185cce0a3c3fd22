"""From a run to what KServe is told, and from what KServe mounts to what the server reads."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cluster import deploy
from cluster.kfp import KfpError
from cluster.serve import arrange

MODEL = "v2/artifacts/rollback/r2/register/5a17/version/model.onnx"
FILES = [MODEL, MODEL.replace("model.onnx", "card.json"), "v2/artifacts/rollback/r3/train/1/model"]


@pytest.fixture
def filer() -> Iterator[str]:
    """Lists folders as SeaweedFS does."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["Accept"] == "application/json"
            folder = self.path.split("?")[0].removeprefix("/buckets/mlpipeline/")
            below = {
                name.removeprefix(folder).split("/")[0] for name in FILES if name.startswith(folder)
            }
            self.send_response(200 if below else 404)
            self.end_headers()
            entries = [
                {"FullPath": f"/buckets/mlpipeline/{folder}{name}"} for name in sorted(below)
            ]
            self.wfile.write(json.dumps({"Entries": entries or None}).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


IR = """
pipelineInfo: {name: rollback}
root:
  inputDefinitions:
    parameters:
      min_auc: {defaultValue: 0.8}
      trees: {defaultValue: 80.0}
"""


@pytest.fixture
def ir(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.yaml"
    path.write_text(IR, "utf-8")
    return path


def run(run_id: str, state: str = "SUCCEEDED", version: str = "v1", **given: object) -> dict:
    return {
        "run_id": run_id,
        "state": state,
        "pipeline_version_reference": {"pipeline_version_id": version},
        "runtime_config": {"parameters": given},
    }


class Runs:
    """Kubeflow Pipelines, with these runs, the newest first."""

    def __init__(self, *runs: dict) -> None:
        self.listed = list(runs)

    def known(self, _: Path) -> dict:
        return {"pipeline_version_id": "v1"}

    def runs(self) -> list[dict]:
        return self.listed

    def run(self, run_id: str) -> dict:
        return next(one for one in self.listed if one["run_id"] == run_id)


def test_the_latest_run_that_registered_a_model_is_chosen(filer: str, ir: Path) -> None:
    # r3 was rejected, or answered from the cache: it wrote no version.
    runs = Runs(run("r4", "FAILED"), run("r3"), run("r2", trees=80))
    assert deploy.choose(runs, filer, None, ir) == ("r2", MODEL.removesuffix("/model.onnx"))


@pytest.mark.parametrize(
    "other", [run("r2", version="v2"), run("r2", trees=20), run("r2", "FAILED"), run("r2", x=1)]
)
def test_what_is_not_the_committed_pipeline_is_not_released(
    filer: str, ir: Path, other: dict
) -> None:
    with pytest.raises(KfpError, match="no run of the committed pipeline has succeeded"):
        deploy.choose(Runs(run("r3"), other), filer, None, ir)


def test_a_model_from_the_cache_is_found_where_it_was_made(filer: str, ir: Path) -> None:
    runs = Runs(run("r3"), run("r2", min_auc=0.1))
    assert deploy.choose(runs, filer, None, ir)[0] == "r2"


def test_a_run_with_the_gate_as_it_is_comes_first(ir: Path) -> None:
    runs = Runs(run("r9", min_auc=0.1), run("r3"), run("r2", min_auc=0.2))
    assert [one["run_id"] for one in deploy.candidates(runs, ir)] == ["r3", "r9", "r2"]


def test_a_pipeline_that_was_never_submitted_has_no_release(
    filer: str, ir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Runs(run("r2"))
    monkeypatch.setattr(runs, "known", lambda _: None)
    with pytest.raises(KfpError, match="was never submitted"):
        deploy.choose(runs, filer, None, ir)


def test_the_named_run_is_chosen_or_none(filer: str, ir: Path) -> None:
    runs = Runs(run("r3"), run("r2", trees=20))
    assert deploy.choose(runs, filer, "r2", ir)[0] == "r2"
    with pytest.raises(KfpError, match="run r3 has not succeeded and registered"):
        deploy.choose(runs, filer, "r3", ir)


def test_the_server_finds_what_kserve_mounted(tmp_path: Path) -> None:
    mounted = tmp_path / "mnt"
    mounted.mkdir()
    (mounted / "model.onnx").write_bytes(b"onnx")
    settings = arrange("rollback", mounted, tmp_path / "tmp")
    # A container that is started again finds what it has left.
    assert arrange("rollback", mounted, tmp_path / "tmp") == settings
    model = Path(settings["MODELS_DIR"]) / "rollback" / "1" / "model.onnx"
    assert model.read_bytes() == b"onnx"
    assert json.loads(Path(settings["ROUTING_FILE"]).read_text("utf-8")) == {"rollback": {"1": 100}}


def test_a_mount_without_a_model_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"there is no model\.onnx"):
        arrange("rollback", tmp_path, tmp_path / "tmp")
