"""What packages are made of: `python3 -m unittest discover .ci/package.d`."""

import hashlib
import json
import shutil
import signal
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import archive
import npm
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


PACKAGE = {"version": "1.2.3", "description": "a  bench", "license": "Apache-2.0"}


class Npm(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_both_packages_have_one_version_and_no_script_that_runs_at_install(self) -> None:
        top = Path(__file__).resolve().parents[2]
        host = "x86_64-unknown-linux-gnu"
        npm.packages(PACKAGE, b"program", host, top, 1_000_000_000, self.folder)
        manifests = {}
        for path in self.folder.iterdir():
            with tarfile.open(path) as packed:
                text = packed.extractfile("package/package.json").read()
            manifest = json.loads(text)
            manifests[path.name] = manifest
            self.assertEqual(manifest["version"], "1.2.3")
            self.assertNotIn("scripts", manifest)
        main = manifests["mlops-lab-1.2.3.tgz"]
        platform = manifests["mlops-lab-linux-x64-1.2.3.tgz"]
        self.assertEqual(main["optionalDependencies"][platform["name"]], "1.2.3")
        self.assertEqual((platform["os"], platform["cpu"]), (["linux"], ["x64"]))

    def start(self, program: str | None, *words: str) -> subprocess.Popen:
        node = shutil.which("node")
        if node is None:
            self.skipTest("there is no node")
        script = self.folder / "mlops-lab.js"
        shutil.copy(Path(__file__).parent / npm.SCRIPT, script)
        if program is not None:
            show = "process.platform + '-' + process.arch"
            name = subprocess.check_output([node, "-p", show], text=True).strip()
            path = self.folder / f"node_modules/@mlops-lab/{name}/bin/mlops-lab"
            path.parent.mkdir(parents=True)
            path.write_text(f"#!/bin/sh\n{program}\n")
            path.chmod(0o755)
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.Popen([node, script, *words], text=True, **pipes)

    def test_the_script_passes_on_words_output_and_exit_code(self) -> None:
        child = self.start('printf "<%s>" "$@"; exit 7', "a b", "--json")
        out, _ = child.communicate(timeout=30)
        self.assertEqual((out, child.returncode), ("<a b><--json>", 7))

    def test_a_signal_reaches_the_program_and_what_kills_it_kills_the_script(self) -> None:
        trap = "trap 'echo told; kill $!; trap - TERM; kill -TERM $$' TERM"
        child = self.start(f"{trap}\nsleep 30 >/dev/null 2>&1 &\necho up\nwait")
        self.assertEqual(child.stdout.readline(), "up\n")
        child.terminate()
        out, _ = child.communicate(timeout=30)
        self.assertEqual((out, child.returncode), ("told\n", -signal.SIGTERM))

    def test_without_the_package_of_the_platform_it_says_what_to_install(self) -> None:
        child = self.start(None)
        _, err = child.communicate(timeout=30)
        self.assertEqual(child.returncode, 3)
        self.assertIn("install mlops-lab again, with its optional dependencies", err)


if __name__ == "__main__":
    unittest.main()
