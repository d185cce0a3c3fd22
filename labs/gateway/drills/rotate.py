"""Gives teams new keys in .env: rotate.py SUPPORT_KEY..."""

import re
import secrets
import sys
from pathlib import Path

file = Path(".env")
text = file.read_text("utf-8")
for name in sys.argv[1:]:
    text, count = re.subn(rf"(?m)^{name}=.*$", f"{name}={secrets.token_hex(24)}", text)
    if count != 1:
        raise SystemExit(f"error: .env has {count} lines for {name}")
file.write_text(text, "utf-8")  # the same file, so it keeps its mode
