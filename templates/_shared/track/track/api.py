"""MLflow's REST API over urllib, with errors that name the next command."""

import base64
import http.client
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

TIMEOUT_SECONDS = 120.0  # a gateway may hold a request while the server behind it restarts


class TrackError(RuntimeError):
    """The server did not do what was asked; `code` is MLflow's word for why, if it gave one."""

    def __init__(self, reason: str, code: str = "") -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Api:
    uri: str
    authorization: str = ""

    @classmethod
    def from_environment(cls) -> "Api | None":
        """The server that MLFLOW_TRACKING_URI names; None where it is not set."""
        uri = os.environ.get("MLFLOW_TRACKING_URI", "").rstrip("/")
        if not uri:
            return None
        if not uri.startswith(("http://", "https://")):
            raise TrackError(f"MLFLOW_TRACKING_URI={uri}: only a server can be logged to (http://)")
        user = os.environ.get("MLFLOW_TRACKING_USERNAME")
        password = os.environ.get("MLFLOW_TRACKING_PASSWORD")
        if not user or not password:
            return cls(uri)
        return cls(uri, "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """One request below /api/2.0/mlflow; the answer's JSON."""
        data = None if body is None else _encode(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        answer = self._send(method, f"/api/2.0/mlflow/{path}", data, headers)
        try:
            document = json.loads(answer)
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise TrackError(f"{self.uri} does not answer as MLflow does: is the address right?")
        return document

    def upload(self, path: str, file: Path) -> None:
        """A file, piece by piece: it may be larger than the memory."""
        with file.open("rb") as stream:
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Length": str(file.stat().st_size),
            }
            self._send("PUT", path, stream, headers)

    def _send(
        self, method: str, path: str, data: bytes | IO[bytes] | None, headers: dict[str, str]
    ) -> bytes:
        if self.authorization:
            headers["Authorization"] = self.authorization
        request = Request(self.uri + path, data, headers, method=method)
        try:
            with urlopen(request, timeout=TIMEOUT_SECONDS) as response:
                return response.read()
        except HTTPError as error:
            raise _refused(error, self.uri) from None
        except (OSError, http.client.HTTPException) as error:
            reason = error.reason if isinstance(error, URLError) else error
            raise TrackError(f"no answer from {self.uri}: {reason}") from None


def _encode(body: object) -> bytes:
    try:
        return json.dumps(body, allow_nan=False).encode()
    except ValueError:
        raise TrackError("a metric must be a number: neither NaN nor infinite") from None


def _refused(error: HTTPError, uri: str) -> TrackError:
    try:
        text = error.read().decode(errors="replace").strip()
    except (OSError, http.client.HTTPException):
        text = ""
    code = ""
    try:
        document = json.loads(text)
        code, text = str(document["error_code"]), str(document["message"])
    except (ValueError, KeyError, TypeError):
        text = text[:300]
    if error.code == 401:
        hint = "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD are not the server's"
    elif error.code == 403 and "Host" in text:
        hint = "the server must list this name in MLFLOW_SERVER_ALLOWED_HOSTS"
    elif error.code >= 500:
        hint = "the server's log has the reason"
    else:
        hint = ""
    return TrackError(": ".join(filter(None, [f"{uri} answers {error.code}", text, hint])), code)
