"""A client of the cluster's API server, as an administrator: only what the files beside it need."""

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import layout

# In seconds, for one answer. A watch is ended by the server after some minutes.
LIMIT = 30


class Api:
    def __init__(self, keys: Path) -> None:
        context = ssl.create_default_context(cafile=keys / "ca.crt")
        context.load_cert_chain(keys / "admin.crt", keys / "admin.key")
        # A proxy of the caller's shell has no part in this.
        self.opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        self.address = f"https://{layout.NODE_IP}:{layout.API_PORT}"

    def get(self, path: str) -> dict:
        """Raises OSError, of which an HTTP status is one, too."""
        with self.opener.open(self.address + path, timeout=LIMIT) as answer:
            return json.load(answer)

    def is_ready(self) -> bool:
        with self.opener.open(f"{self.address}/readyz", timeout=LIMIT) as answer:
            return answer.read() == b"ok"

    def create(self, path: str, document: str) -> bool:
        """Creates an object from YAML; OSError where that is refused, with the server's reason."""
        headers = {"Content-Type": "application/yaml", "Accept": "application/json"}
        request = urllib.request.Request(self.address + path, document.encode(), headers)
        try:
            self.opener.open(request, timeout=LIMIT).close()
        except urllib.error.HTTPError as error:
            raise OSError(f"{path}: {error}: {error.read().decode()}") from None
        return True

    def watch(self, path: str) -> Iterator[dict[str, dict]]:
        """All objects of a path by their UID: now, and again after each change. Ends with OSError,
        or when the server has had enough: list again."""
        listed = self.get(path)
        objects = {item["metadata"]["uid"]: item for item in listed["items"]}
        yield objects
        version = listed["metadata"]["resourceVersion"]
        query = f"?watch=true&resourceVersion={version}&timeoutSeconds=300"
        for event in self.lines(path + query):
            if event["type"] == "ERROR":
                return
            uid = event["object"]["metadata"]["uid"]
            if event["type"] == "DELETED":
                objects.pop(uid, None)
            else:
                objects[uid] = event["object"]
            yield objects

    def lines(self, path: str) -> Iterator[dict]:
        with self.opener.open(self.address + path, timeout=400) as stream:
            while True:
                try:
                    line = stream.readline()
                    parsed = json.loads(line) if line else None
                except (http.client.HTTPException, ValueError) as error:
                    raise OSError(f"{path} was cut off: {error}") from error
                if parsed is None:
                    return
                yield parsed
