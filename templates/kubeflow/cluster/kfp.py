"""The REST API of Kubeflow Pipelines, as far as it is needed here, from the standard library."""

import hashlib
import json
import os
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

PIPELINE = "rollback"
ENDPOINT = os.environ.get("MLOPS_LAB_ENDPOINT_KFP", "http://127.0.0.1:<[ port ]>")
OVER = ("SUCCEEDED", "FAILED", "CANCELED", "SKIPPED")


class KfpError(Exception):
    """The API cannot be reached, or refused; the message has the reason."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Kfp:
    def __init__(self, url: str = ENDPOINT, timeout: float = 30) -> None:
        self.url = url.rstrip("/")
        self.timeout = timeout

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One request with JSON, or nothing, on both ways."""
        data = None if body is None else json.dumps(body).encode()
        return self._send(method, path, data, "application/json")

    def healthy(self) -> None:
        """Raises when nothing answers there, or something else does."""
        self.call("GET", "healthz")

    def known(self, ir: Path) -> dict[str, Any] | None:
        """The version of the pipeline that is this IR: its description has the IR's hash."""
        pipeline = self._pipeline()
        if pipeline is None:
            return None
        query = urlencode({"page_size": 100, "sort_by": "created_at desc"})
        listed = self.call("GET", f"pipelines/{pipeline}/versions?{query}")
        versions = listed.get("pipeline_versions", [])
        return next((one for one in versions if one.get("description") == _mark(ir)), None)

    def version(self, ir: Path) -> dict[str, Any]:
        """The same, or a new one: submitting twice must not upload twice."""
        version, mark = self.known(ir), _mark(ir)
        if version is not None:
            return version
        pipeline = self._pipeline()
        if pipeline is not None:
            name = f"{PIPELINE}-{mark[7:19]}"
            query = {"pipelineid": pipeline, "name": name, "description": mark}
            return self._upload("upload_version", ir, **query)
        self._upload("upload", ir, name=PIPELINE, description=mark)
        version = self.known(ir)
        if version is None:
            raise KfpError(f"the server took {ir}, and has no version of it")
        return version

    def start(self, version: dict[str, Any], parameters: dict[str, Any], name: str) -> str:
        """Starts a run, and returns its id."""
        body = {
            "display_name": name,
            "pipeline_version_reference": {
                "pipeline_id": version["pipeline_id"],
                "pipeline_version_id": version["pipeline_version_id"],
            },
            "runtime_config": {"parameters": parameters},
        }
        return str(self.call("POST", "runs", body)["run_id"])

    def run(self, run_id: str) -> dict[str, Any]:
        return self.call("GET", f"runs/{quote(run_id, safe='')}")

    def runs(self) -> list[dict[str, Any]]:
        """The latest runs, the newest first."""
        query = urlencode({"page_size": 50, "sort_by": "created_at desc"})
        return self.call("GET", f"runs?{query}").get("runs", [])

    def stop(self, run_id: str) -> None:
        self.call("POST", f"runs/{quote(run_id, safe='')}:terminate", {})

    def _pipeline(self) -> str | None:
        try:
            return str(self.call("GET", f"pipelines/names/{PIPELINE}")["pipeline_id"])
        except KfpError as error:
            if error.status != 404:
                raise
            return None

    def _upload(self, path: str, ir: Path, **query: str) -> dict[str, Any]:
        """A file as a form sends it: the one call of the API that does not take JSON."""
        boundary = uuid.uuid4().hex
        head = (
            f"--{boundary}\r\n"
            f'Content-Disposition: form-data; name="uploadfile"; filename="{ir.name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        )
        body = head.encode() + ir.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        return self._send("POST", f"pipelines/{path}?{urlencode(query)}", body, kind)

    def _send(self, method: str, path: str, data: bytes | None, kind: str) -> dict[str, Any]:
        url = f"{self.url}/apis/v2beta1/{path}"
        request = urllib.request.Request(url, data, {"Content-Type": kind}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=self.timeout) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            said = _message(error.read())
            raise KfpError(f"{method} {url} answers {error.code}: {said}", error.code) from None
        except OSError as error:
            reason = getattr(error, "reason", error)
            raise KfpError(f"{url} cannot be reached: {reason}") from None
        try:
            document = json.loads(text or b"{}")
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise KfpError(f"{url} does not answer as Kubeflow Pipelines does: {text[:80]!r}")
        return document


def _mark(ir: Path) -> str:
    return f"sha256 {hashlib.sha256(ir.read_bytes()).hexdigest()}"


def _message(text: bytes) -> str:
    """The text of an error: the API has two forms for it, proxies have their own."""
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict):
        for name in ("error_message", "message", "error"):
            if document.get(name):
                return str(document[name])[:300]
    return text[:300].decode(errors="replace").strip() or "nothing more"
