"""What packages are made of: `python3 -m unittest discover .ci/package.d`."""

import hashlib
import tarfile
import tempfile
import unittest
from pathlib import Path

import archive
import sbom

LOCK = """
[[package]]
name = "top"
version = "1.0.0"

[[package]]
name = "used"
version = "2.0.0"
checksum = "ab"

[[package]]
name = "tests"
version = "3.0.0"
checksum = "cd"
"""


def crate(name: str, version: str, license: str) -> dict:
    return {"id": f"{name} {version}", "name": name, "version": version, "license": license}


def need(name: str, *kinds: str | None) -> dict:
    return {"pkg": name, "dep_kinds": [{"kind": kind} for kind in kinds]}


METADATA = {
    "packages": [
        crate("top", "1.0.0", "Apache-2.0"),
        crate("used", "2.0.0", "MIT/Apache-2.0"),
        crate("tests", "3.0.0", "MIT"),
    ],
    "resolve": {
        "root": "top 1.0.0",
        "nodes": [
            {
                "id": "top 1.0.0",
                "deps": [need("used 2.0.0", "build", None), need("tests 3.0.0", "dev", "build")],
            },
            {"id": "used 2.0.0", "deps": [need("top 1.0.0", "dev")]},
            {"id": "tests 3.0.0", "deps": []},
        ],
    },
}


class Bill(unittest.TestCase):
    def test_it_names_what_is_linked_and_not_what_only_tests_or_builds_use(self) -> None:
        made = sbom.document(METADATA, LOCK, "2026-01-01T00:00:00Z")
        self.assertEqual([used["name"] for used in made["components"]], ["used"])
        used = made["components"][0]
        self.assertEqual(used["licenses"], [{"expression": "MIT OR Apache-2.0"}])
        self.assertEqual(used["hashes"], [{"alg": "SHA-256", "content": "ab"}])
        self.assertEqual(made["metadata"]["component"]["type"], "application")
        needs = {entry["ref"]: entry["dependsOn"] for entry in made["dependencies"]}
        expected = {"pkg:cargo/top@1.0.0": ["pkg:cargo/used@2.0.0"], "pkg:cargo/used@2.0.0": []}
        self.assertEqual(needs, expected)


class Tarball(unittest.TestCase):
    def test_it_depends_on_its_content_alone(self) -> None:
        files = {"b/c": (b"text", 0o644), "a": (b"program", 0o755)}
        with tempfile.TemporaryDirectory() as folder:
            one, other = Path(folder, "one.tar.gz"), Path(folder, "other.tar.gz")
            archive.tarball(one, "top", files, 1_000_000_000)
            archive.tarball(other, "top", dict(reversed(files.items())), 1_000_000_000)
            self.assertEqual(one.read_bytes(), other.read_bytes())
            with tarfile.open(one) as read:
                members = read.getmembers()
                self.assertEqual([m.name for m in members], ["top", "top/b", "top/a", "top/b/c"])
                self.assertEqual({m.mtime for m in members}, {1_000_000_000})
                self.assertEqual({(m.uid, m.gid, m.uname) for m in members}, {(0, 0, "")})
                self.assertEqual([m.mode for m in members], [0o755, 0o755, 0o755, 0o644])

    def test_its_sums_are_those_of_sha256sum(self) -> None:
        digest = hashlib.sha256(b"x").hexdigest()
        self.assertEqual(archive.sums({"b": b"x", "a": b"x"}), f"{digest}  a\n{digest}  b\n")


if __name__ == "__main__":
    unittest.main()
