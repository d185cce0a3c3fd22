"""The client of Kubeflow Pipelines, against a small server that keeps the rules of the real one."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from cluster import submit
from cluster.kfp import Kfp, KfpError


@dataclass
class Fake:
    """What the real server does with names, versions and runs, and nothing behind it."""

    url: str = ""
    pipelines: dict[str, dict] = field(default_factory=dict)  # by id
    versions: list[dict] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    runs: dict[str, dict] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    # What a run is at each look; the last one stays.
    course: list[dict] = field(default_factory=lambda: [{"state": "SUCCEEDED"}])

    def answer(
        self, method: str, path: str, query: dict, body: bytes, kind: str
    ) -> tuple[int, object]:
        match method, path.removeprefix("/apis/v2beta1/").split("/"):
            case "GET", ["healthz"]:
                return 200, {"multi_user": False}
            case "GET", ["pipelines", "names", name]:
                found = [one for one in self.pipelines.values() if one["name"] == name]
                return (200, found[0]) if found else (404, {"code": 5, "message": "not found"})
            case "POST", ["pipelines", "upload"]:
                if any(one["name"] == query["name"] for one in self.pipelines.values()):
                    return 409, {"error_message": "Failed to create a pipeline"}
                there = f"p{len(self.pipelines) + 1}"
                self.pipelines[there] = {"pipeline_id": there, "name": query["name"]}
                self._keep(there, query, body, kind)
                return 200, self.pipelines[there]
            case "POST", ["pipelines", "upload_version"]:
                return 200, self._keep(query["pipelineid"], query, body, kind)
            case "GET", ["pipelines", there, "versions"]:
                listed = [one for one in self.versions if one["pipeline_id"] == there]
                return 200, {"pipeline_versions": listed[::-1]}
            case "POST", ["runs"]:
                run = json.loads(body)
                reference = run["pipeline_version_reference"]
                known = [one["pipeline_version_id"] for one in self.versions]
                if reference["pipeline_version_id"] not in known:
                    return 400, {"code": 3, "message": "no such version"}
                run["run_id"] = f"r{len(self.runs) + 1}"
                self.runs[run["run_id"]] = run
                return 200, run
            case "GET", ["runs"]:
                return 200, {"runs": list(self.runs.values())[::-1]}
            case "GET", ["runs", run_id]:
                now = self.course.pop(0) if len(self.course) > 1 else self.course[0]
                return 200, self.runs[run_id] | now
            case "POST", ["runs", order] if order.endswith(":terminate"):
                self.stopped.append(order.removesuffix(":terminate"))
                return 200, {}
        return 404, {"code": 5, "message": f"{method} {path}"}

    def _keep(self, pipeline_id: str, query: dict, body: bytes, kind: str) -> dict:
        form = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body
        )
        (part,) = form.iter_parts()
        assert part.get_param("name", header="content-disposition") == "uploadfile"
        assert re.fullmatch(r".+\.yaml", part.get_filename() or "")
        self.uploads.append(part.get_payload(decode=True))
        version = {
            "pipeline_id": pipeline_id,
            "pipeline_version_id": f"v{len(self.versions) + 1}",
            "name": query["name"],
            "description": query.get("description", ""),
        }
        assert version["name"] not in [one["name"] for one in self.versions]
        self.versions.append(version)
        return version


@pytest.fixture
def fake() -> Iterator[Fake]:
    double = Fake()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(asked.query).items()}
            kind = self.headers.get("Content-Type", "")
            status, document = double.answer(self.command, asked.path, query, body, kind)
            content = (
                document.encode() if isinstance(document, str) else json.dumps(document).encode()
            )
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield double
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two looks there is nothing to wait for here."""
    follow = submit.follow
    monkeypatch.setattr(submit, "follow", lambda *given: follow(*given, pause=lambda _: None))


@pytest.fixture
def ir(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.yaml"
    path.write_text("# PIPELINE DEFINITION\npipelineInfo: {name: rollback}\n", "utf-8")
    return path


def node(name: str, state: str, at: int) -> dict:
    return {"display_name": name, "state": state, "create_time": f"2026-01-01T00:00:{at:02}Z"}


def start(fake: Fake, ir: Path, *more: str) -> int:
    return submit.main(["--url", fake.url, "--ir", str(ir), *more])


def test_the_file_itself_is_uploaded_and_run(fake: Fake, ir: Path) -> None:
    assert start(fake, ir) == 0
    assert fake.uploads == [ir.read_bytes()]
    (run,) = fake.runs.values()
    assert run["pipeline_version_reference"] == {"pipeline_id": "p1", "pipeline_version_id": "v1"}
    assert run["runtime_config"] == {"parameters": {}}


def test_the_same_file_is_uploaded_once(fake: Fake, ir: Path) -> None:
    assert start(fake, ir) == start(fake, ir) == 0
    assert len(fake.uploads) == 1
    assert len(fake.runs) == 2


def test_another_file_is_a_new_version_of_the_same_pipeline(fake: Fake, ir: Path) -> None:
    start(fake, ir)
    ir.write_text(ir.read_text("utf-8") + "root: {}\n", "utf-8")
    assert start(fake, ir) == 0
    assert len(fake.pipelines) == 1
    assert len(fake.uploads) == 2
    latest = list(fake.runs.values())[-1]
    assert latest["pipeline_version_reference"]["pipeline_version_id"] == "v2"


def test_parameters_keep_their_types(fake: Fake, ir: Path) -> None:
    start(fake, ir, "--set", "min_auc=0.9", "--set", "rows=500", "--set", "registry=here")
    (run,) = fake.runs.values()
    assert run["runtime_config"]["parameters"] == {"min_auc": 0.9, "rows": 500, "registry": "here"}


def test_the_course_of_a_run_is_told_by_the_names_of_the_tasks(
    fake: Fake, ir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = [
        node("rollback-x7f2k", "RUNNING", 0),
        node("root", "RUNNING", 1),
        node("ingest-driver", "SUCCEEDED", 2),
        node("ingest", "RUNNING", 3),
        node("executor", "RUNNING", 4),
    ]
    done = [node("ingest", "SUCCEEDED", 3), node("condition-3", "SKIPPED", 9)]
    fake.course = [
        {"state": "PENDING"},
        {"state": "RUNNING", "run_details": {"task_details": nodes}},
        {"state": "SUCCEEDED", "run_details": {"task_details": done}},
    ]
    assert start(fake, ir) == 0
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["ingest", "RUNNING"] in told
    assert told.index(["ingest", "SUCCEEDED"]) < told.index(["condition-3", "SKIPPED"])
    assert not {"root", "executor", "ingest-driver", "rollback-x7f2k"} & {line[0] for line in told}


@pytest.mark.parametrize("state", ["FAILED", "CANCELED"])
def test_a_run_that_does_not_succeed_is_an_error(
    fake: Fake, ir: Path, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.course = [{"state": state, "error": {"message": "train: exit code 1"}}]
    assert start(fake, ir) == 1
    said = capsys.readouterr()
    assert state in said.out
    assert "train: exit code 1" in said.err


def test_a_run_that_hangs_is_an_error_that_says_where_to_look(
    fake: Fake, ir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.course = [{"state": "RUNNING"}]
    assert start(fake, ir, "--within", "0") == 1
    assert "run r1 is RUNNING after 0 s. Its pods: kubectl" in capsys.readouterr().err


def test_no_wait_starts_and_leaves(fake: Fake, ir: Path) -> None:
    fake.course = [{"state": "RUNNING"}]
    assert start(fake, ir, "--no-wait") == 0
    assert list(fake.runs) == ["r1"]


def test_nobody_there(ir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # Port 9 is `discard`, below what a user's process may listen on.
    assert submit.main(["--url", "http://127.0.0.1:9", "--ir", str(ir)]) == 1
    assert "cannot be reached" in capsys.readouterr().err


def test_somebody_else_is_there(
    fake: Fake, ir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fake, "answer", lambda *_: (200, "<html>welcome</html>"))
    assert start(fake, ir) == 1
    assert "does not answer as Kubeflow Pipelines does" in capsys.readouterr().err


def test_what_the_server_says_of_an_error_is_told(
    fake: Fake, ir: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = fake.answer

    def refuse(method: str, path: str, *more: object) -> tuple[int, object]:
        if path.endswith("upload"):
            return 400, {"error_message": "Failed to read a pipeline spec file"}
        return real(method, path, *more)

    monkeypatch.setattr(fake, "answer", refuse)
    assert start(fake, ir) == 1
    assert "400: Failed to read a pipeline spec file" in capsys.readouterr().err


def test_no_file(fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert start(fake, tmp_path / "nothing.yaml") == 2
    assert "does not exist" in capsys.readouterr().err
    assert not fake.pipelines


def test_a_pair_without_a_value(fake: Fake, ir: Path) -> None:
    with pytest.raises(SystemExit, match="is not NAME=VALUE"):
        start(fake, ir, "--set", "min_auc")


def test_runs_are_listed_the_newest_first_and_stopped(fake: Fake, ir: Path) -> None:
    start(fake, ir)
    start(fake, ir)
    kfp = Kfp(fake.url)
    assert [run["run_id"] for run in kfp.runs()] == ["r2", "r1"]
    kfp.stop("r2")
    assert fake.stopped == ["r2"]


def test_a_run_of_an_unknown_version_is_refused(fake: Fake) -> None:
    with pytest.raises(KfpError, match="400: no such version"):
        Kfp(fake.url).start({"pipeline_id": "p1", "pipeline_version_id": "v9"}, {}, "x")
