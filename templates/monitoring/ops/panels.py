"""python -m ops.panels: each panel of dashboards/model.json, and what it would show now."""

import json
import re
from pathlib import Path

from ops.ask import query


def main() -> None:
    for panel in json.loads(Path("dashboards/model.json").read_text("utf-8"))["panels"]:
        print(panel["title"])
        for target in panel["targets"]:
            # What Grafana puts in the place of its variable.
            expression = re.sub(r"\$__rate_interval\b", "1m", target["expr"])
            found = query(expression)
            for series in found:
                name = target["legendFormat"]
                for label, value in series["metric"].items():
                    name = name.replace(f"{{{{{label}}}}}", value)
                print(f"  {float(series['value'][1]):10.4g}  {name}")
            if not found:
                print("  no data")


if __name__ == "__main__":
    main()
