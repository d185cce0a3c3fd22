"""python -m ops.rules: config/rules/ as PrometheusRules, for the overlay k8s/overlays/operator.

With --check it writes nothing, and fails where the overlay has other rules.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import yaml

OVERLAY = Path("k8s/overlays/operator")
HEAD = "# Written by python -m ops.rules from config/rules/: change the rules there.\n"


class Dumper(yaml.SafeDumper):
    """As the files of config/ are written: lists indented, long expressions as blocks."""

    def increase_indent(self, flow: bool = False, *_: object, **__: object) -> None:
        super().increase_indent(flow, False)


def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


Dumper.add_representer(str, text)


def read(path: Path) -> dict[str, Any]:
    return yaml.safe_load(path.read_text("utf-8"))


def labelled(rule: dict[str, Any], namespace: str) -> dict[str, Any]:
    """An alert with the label that the operator routes by; a sum has lost that of its series."""
    if "alert" not in rule:
        return rule
    return rule | {"labels": rule.get("labels", {}) | {"namespace": namespace}}


def manifest(path: Path, namespace: str, interval: str) -> dict[str, Any]:
    """One file of rules as one object: the names of groups are unique within a file only."""
    groups = [
        # The Prometheus of a platform evaluates less often than that of the lab.
        {"name": group["name"], "interval": interval}
        | group
        | {"rules": [labelled(rule, namespace) for rule in group.get("rules", [])]}
        for group in read(path)["groups"]
    ]
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": f"{namespace}-{path.stem}"},
        "spec": {"groups": groups},
    }


def written() -> str:
    namespace = read(OVERLAY / "kustomization.yaml")["namespace"]
    interval = read(Path("config/prometheus.yml"))["global"]["evaluation_interval"]
    files = sorted(Path("config/rules").glob("*.yml"))
    objects = [manifest(path, namespace, interval) for path in files]
    return HEAD + yaml.dump_all(objects, Dumper=Dumper, sort_keys=False, width=100)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ops.rules")
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    wanted, path = written(), OVERLAY / "rules.yaml"
    if not check:
        path.write_text(wanted, "utf-8")
        print(f"{path} has the rules of config/rules/")
    elif not path.exists() or path.read_text("utf-8") != wanted:
        print(f"{path} has other rules than config/rules/: python -m ops.rules", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
