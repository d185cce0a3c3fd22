"""Builds the packages of a release for the machine that it runs on."""

import argparse
import datetime
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import archive
import npm
import sbom

TOP = Path(__file__).resolve().parents[2]
NAME = "mlops-lab"

# What a completion script is called where its shell looks for it.
COMPLETIONS = {
    "bash": ("mlops-lab.bash", "usr/share/bash-completion/completions/mlops-lab"),
    "zsh": ("_mlops-lab", "usr/share/zsh/vendor-completions/_mlops-lab"),
    "fish": ("mlops-lab.fish", "usr/share/fish/vendor_completions.d/mlops-lab.fish"),
}

CONTROL = """\
Package: {name}
Version: {version}
Architecture: {architecture}
Maintainer: the mlops-lab authors <noreply@localhost>
Installed-Size: {size}
Depends: libc6 (>= 2.17)
Recommends: python3 (>= 3.11), python3-venv
Suggests: make, git
Section: education
Priority: optional
Description: {summary}
 One binary writes a runnable exercise, starts it, checks the live system,
 reports which steps are done, and breaks things for you to fix.
"""

COPYRIGHT = """\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: mlops-lab

Files: *
Copyright: the mlops-lab authors
License: Apache-2.0
 On Debian systems, the text of the Apache License 2.0 is in
 /usr/share/common-licenses/Apache-2.0.
"""


def run(*command: str | Path, **variables: str) -> None:
    """Runs a command in the repository, and ends with it when it fails."""
    # maturin finds zig by the Python that is first on PATH.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, **variables}
    done = subprocess.run([str(word) for word in command], cwd=TOP, env=environment, check=False)
    if done.returncode != 0:
        sys.exit(f"package: {command[0]} ended with {done.returncode}")


def read(*command: str | Path) -> str:
    """What a command prints."""
    words = [str(word) for word in command]
    return subprocess.run(words, cwd=TOP, check=True, stdout=subprocess.PIPE, text=True).stdout


def flags(*more: str) -> str:
    """CARGO_ENCODED_RUSTFLAGS, as a path may have spaces: none of this machine is in a binary."""
    cargo_home = os.environ.get("CARGO_HOME", str(Path.home() / ".cargo"))
    remap = [f"--remap-path-prefix={TOP}=/{NAME}", f"--remap-path-prefix={cargo_home}=/cargo"]
    return "\x1f".join([*remap, *more])


def wheel(host: str, when: str, out: Path) -> Path:
    """Builds wheel and sdist; the binary that is in the wheel."""
    built = TOP / "target/wheel"
    maturin = [sys.executable, "-m", "maturin"]
    linux = "linux" in host
    # The oldest system that has Python 3.11 from somewhere is older than its own.
    old = ["--zig", "--compatibility", "manylinux2014"] if linux else []
    # The wheel is built from the sdist, which is known to be whole by that.
    build = [*maturin, "build", "--sdist", "--release", "--locked", "--target", host, *old]
    places = ["--out", out, "--target-dir", built]
    run(*build, *places, CARGO_ENCODED_RUSTFLAGS=flags(), SOURCE_DATE_EPOCH=when)
    return built / host / "release" / NAME


def static(host: str) -> Path:
    """Builds the binary that needs nothing of the system."""
    built = TOP / "target/static"
    cargo = ["cargo", "build", "--release", "--locked", "--quiet"]
    linked = flags("-Ctarget-feature=+crt-static")
    run(*cargo, "--target", host, "--target-dir", built, CARGO_ENCODED_RUSTFLAGS=linked)
    return built / host / "release" / NAME


def extras(binary: Path) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The completions by shell, and the man pages by name: the program writes them itself."""
    scripts = {
        shell: subprocess.run([binary, "completions", shell], check=True, capture_output=True)
        for shell in COMPLETIONS
    }
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([binary, "man", folder], check=True, capture_output=True)
        pages = {page.name: page.read_bytes() for page in sorted(Path(folder).iterdir())}
    return {shell: done.stdout for shell, done in scripts.items()}, pages


def tarball(binary: Path, host: str, version: str, when: int, out: Path) -> None:
    """The tarball, whose SHA256SUMS is inside, too."""
    scripts, pages = extras(binary)
    content = {
        NAME: binary.read_bytes(),
        f"{NAME}.cdx.json": bill(host, when),
        **{name: (TOP / name).read_bytes() for name in ("LICENSE", "README.md", "CHANGELOG.md")},
        **{f"completions/{COMPLETIONS[shell][0]}": text for shell, text in scripts.items()},
        **{f"man/man1/{name}": text for name, text in pages.items()},
    }
    content["SHA256SUMS"] = archive.sums(content).encode()
    files = {path: (text, 0o755 if path == NAME else 0o644) for path, text in content.items()}
    top = f"{NAME}-{version}-{host}"
    archive.tarball(out / f"{top}.tar.gz", top, files, when)


def bill(host: str, when: int) -> bytes:
    """The SBOM."""
    of_host = ["--format-version", "1", "--filter-platform", host]
    metadata = json.loads(read("cargo", "metadata", "--locked", *of_host))
    made = datetime.datetime.fromtimestamp(when, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    document = sbom.document(metadata, (TOP / "Cargo.lock").read_text(), made)
    return (json.dumps(document, indent=1) + "\n").encode()


def deb(binary: Path, package: dict, when: int, out: Path) -> None:
    """The .deb: dpkg-deb packs a tree, and needs no more than that."""
    architecture = read("dpkg", "--print-architecture").strip()
    # In Debian a pre-release is older than its release with a tilde.
    version = package["version"].replace("-", "~", 1)
    scripts, pages = extras(binary)
    doc = f"usr/share/doc/{NAME}"
    content = {
        f"usr/bin/{NAME}": binary.read_bytes(),
        f"{doc}/copyright": COPYRIGHT.encode(),
        f"{doc}/changelog.gz": packed((TOP / "CHANGELOG.md").read_bytes()),
        **{COMPLETIONS[shell][1]: text for shell, text in scripts.items()},
        **{f"usr/share/man/man1/{name}.gz": packed(text) for name, text in pages.items()},
    }
    control = CONTROL.format(
        name=NAME,
        version=version,
        architecture=architecture,
        size=sum(len(text) for text in content.values()) // 1024 + 1,
        summary="lab bench for DevOps engineers who move into MLOps",
    )
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder)
        for path, text in {"DEBIAN/control": control.encode(), **content}.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_bytes(text)
        for path in [tree, *tree.rglob("*")]:
            path.chmod(0o755 if path.is_dir() or path.name == NAME else 0o644)
        # The bash completion has the program's name, too.
        (tree / COMPLETIONS["bash"][1]).chmod(0o644)
        target = out / f"{NAME}_{version}_{architecture}.deb"
        options = ["--root-owner-group", "-Zxz", "--build"]
        run("dpkg-deb", *options, tree, target, SOURCE_DATE_EPOCH=str(when))


def packed(text: bytes) -> bytes:
    """Compressed, without a name and a time."""
    return gzip.compress(text, 9, mtime=0)


def main() -> None:
    """Builds everything."""
    parser = argparse.ArgumentParser(prog="package", description=__doc__)
    parser.add_argument(
        "--only",
        choices=["wheel", "tarball", "npm"],
        help="wheel: with sdist and .deb; tarball: with npm. These need no other build",
    )
    parser.add_argument("--out", type=Path, default=TOP / "target/package", metavar="DIR")
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    package = tomllib.loads((TOP / "Cargo.toml").read_text())["package"]
    version = package["version"]
    start = "host: "
    lines = read("rustc", "-vV").splitlines()
    host = next(line.removeprefix(start) for line in lines if line.startswith(start))
    when = os.environ.get("SOURCE_DATE_EPOCH") or read("git", "log", "-1", "--format=%ct").strip()
    binary = None
    if arguments.only not in ("tarball", "npm"):
        binary = wheel(host, when, out)
        if shutil.which("dpkg-deb"):
            deb(binary, package, int(when), out)
    if arguments.only != "wheel":
        # Only Linux has binaries without shared libraries.
        with_none = static(host) if "linux" in host else binary or wheel(host, when, out)
        if arguments.only != "npm":
            tarball(with_none, host, version, int(when), out)
        if host in npm.PLATFORMS:
            npm.packages(package, with_none.read_bytes(), host, TOP, int(when), out)
    made = {path.name: path.read_bytes() for path in sorted(out.iterdir())}
    (out / "SHA256SUMS").write_text(archive.sums(made))
    for name, content in made.items():
        print(f"   {len(content):>9} {name}")


if __name__ == "__main__":
    main()
