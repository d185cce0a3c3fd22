"""What is in the program, as CycloneDX 1.5: the crates, with their licenses and checksums."""

import tomllib
from collections.abc import Iterator


def document(metadata: dict, lock: str, made: str) -> dict:
    """The SBOM of what `cargo metadata` prints.

    `metadata` is filtered by platform, `lock` is the text of Cargo.lock, `made` is a time. There is
    no serial number: two builds of one commit are equal.
    """
    packages = {package["id"]: package for package in metadata["packages"]}
    checksums = {
        (package["name"], package["version"]): package["checksum"]
        for package in tomllib.loads(lock)["package"]
        if "checksum" in package
    }
    needs = dict(linked(metadata["resolve"]))
    root = packages[metadata["resolve"]["root"]]
    others = sorted(
        (packages[id] for id in needs if id != root["id"]),
        key=lambda package: (package["name"], package["version"]),
    )
    program = {**component(root, checksums), "type": "application"}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": made, "component": program},
        "components": [component(package, checksums) for package in others],
        "dependencies": [
            {
                "ref": reference(package),
                "dependsOn": sorted(reference(packages[id]) for id in needs[package["id"]]),
            }
            for package in [root, *others]
        ],
    }


def linked(resolve: dict) -> Iterator[tuple[str, list[str]]]:
    """Each crate that the root is linked with, itself among them, and what it needs.

    What only tests or build scripts use is not in the program.
    """
    nodes = {node["id"]: node for node in resolve["nodes"]}
    seen = set()
    open_ids = [resolve["root"]]
    while open_ids:
        node = nodes[open_ids.pop()]
        if node["id"] in seen:
            continue
        seen.add(node["id"])
        needs = [
            need["pkg"]
            for need in node["deps"]
            if any(kind["kind"] is None for kind in need["dep_kinds"])
        ]
        open_ids.extend(needs)
        yield node["id"], needs


def component(package: dict, checksums: dict[tuple[str, str], str]) -> dict:
    """One crate."""
    found = {
        "type": "library",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "purl": reference(package),
    }
    if package.get("license"):
        # The old form with a slash is no SPDX expression.
        found["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    return found


def reference(package: dict) -> str:
    """The package URL, which is also its name in the document."""
    return f"pkg:cargo/{package['name']}@{package['version']}"
