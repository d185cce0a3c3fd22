"""The packages for npm: one with a small script, and one for each platform with the program."""

import json
from pathlib import Path

import archive

SCOPE = "@mlops-lab"
SCRIPT = "mlops-lab.js"

# What Node calls the platforms for which a release is built, by Rust's name.
PLATFORMS = {
    "x86_64-unknown-linux-gnu": ("linux", "x64"),
    "aarch64-unknown-linux-gnu": ("linux", "arm64"),
    "aarch64-apple-darwin": ("darwin", "arm64"),
}


def packages(package: dict, binary: bytes, host: str, top: Path, when: int, out: Path) -> None:
    """Writes both as `npm pack` would, and the same wherever they are made."""
    system, cpu = PLATFORMS[host]
    version = package["version"]
    common = {
        "version": version,
        "description": " ".join(package["description"].split()),
        "license": package["license"],
    }
    platforms = ["-".join(platform) for platform in PLATFORMS.values()]
    script = (Path(__file__).parent / SCRIPT).read_text()
    main = {
        "name": "mlops-lab",
        **common,
        "bin": {"mlops-lab": SCRIPT},
        "engines": {"node": ">=18"},
        # npm installs the one whose `os` and `cpu` are those of the machine.
        "optionalDependencies": {f"{SCOPE}/{platform}": version for platform in platforms},
    }
    texts = {name: (top / name).read_bytes() for name in ("LICENSE", "README.md")}
    program = script.replace("PLATFORMS", ", ".join(platforms)).encode()
    write(out / f"mlops-lab-{version}.tgz", main, texts, {SCRIPT: program}, when)
    platform = {"name": f"{SCOPE}/{system}-{cpu}", **common, "os": [system], "cpu": [cpu]}
    name = f"mlops-lab-{system}-{cpu}-{version}.tgz"
    licence = {"LICENSE": texts["LICENSE"]}
    write(out / name, platform, licence, {"bin/mlops-lab": binary}, when)


def write(
    target: Path, manifest: dict, texts: dict[str, bytes], programs: dict[str, bytes], when: int
) -> None:
    """Writes a package."""
    described = (json.dumps(manifest, indent=2) + "\n").encode()
    files = {path: (text, 0o644) for path, text in {"package.json": described, **texts}.items()}
    files |= {path: (text, 0o755) for path, text in programs.items()}
    archive.tarball(target, "package", files, when)
