"""Changes config/server.toml as someone did, and restarts the server: change.py DRILL"""

import os
import re
import subprocess
import sys
from pathlib import Path

OTHER_TEMPLATE = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\\n{% endfor %}"
CHANGES = {
    "chat-template": {"chat_template": f'"{OTHER_TEMPLATE}"'},
    "more-slots": {"slots": "16"},
    "starved": {"per_caller": "0"},  # where someone has met this caller before
}

file = Path("config/server.toml")
before = file.read_text("utf-8")
text = before
for name, value in CHANGES[sys.argv[1]].items():
    line = re.compile(rf'(?m)^{name} = (?:"[^"]*"|\S+)')
    text = line.sub(lambda _, new=f"{name} = {value}": new, text)
if text != before:
    file.write_text(text, "utf-8")
    subprocess.run([os.environ["MLOPS_LAB"], "restart", "server"], timeout=180, check=True)
