"""Sets values in config/server.toml, each in the line that has it: set.py NAME=VALUE ..."""

import re
import sys
from pathlib import Path

file = Path("config/server.toml")
text = file.read_text("utf-8")
for argument in sys.argv[1:]:
    name, _, value = argument.partition("=")
    text, count = re.subn(rf'(?m)^{name} = ("[^"]*"|\S+)', f"{name} = {value}", text)
    if count != 1:
        raise SystemExit(f"error: {file} has {count} lines for {name}")
file.write_text(text, "utf-8")
