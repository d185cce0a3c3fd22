"""What the live system answers, over HTTP and to tools; without an answer: cannot tell."""

import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from verdict import cannot_tell

# This machine's loopback, whatever proxy is set.
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(
    url: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    timeout: float = 10,
) -> tuple[int, bytes]:
    """Status and body; an HTTP error is an answer, too."""
    request = urllib.request.Request(url, body, headers or {})
    try:
        with OPENER.open(request, timeout=timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()
    except OSError as error:
        cannot_tell(f"{url} cannot be reached: {getattr(error, 'reason', error)}")


def output(*argv: str, stdin: Path | None = None, timeout: float = 60) -> str:
    """What a tool prints about the system: docker, kubectl, ps."""
    done = finish(*argv, stdin=stdin, timeout=timeout)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()[-200:]
        cannot_tell(f"{' '.join(argv)}: {said or f'exit code {done.returncode}'}")
    return done.stdout.decode(errors="replace")


def finish(
    *argv: str, stdin: Path | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[bytes]:
    """A tool that may fail."""
    given = stdin.read_bytes() if stdin else b""
    try:
        return subprocess.run(argv, input=given, capture_output=True, timeout=timeout, check=False)
    except FileNotFoundError:
        cannot_tell(f"{argv[0]} is not on PATH")
    except subprocess.TimeoutExpired:
        cannot_tell(f"{' '.join(argv)} did not end within {timeout:g} s")
