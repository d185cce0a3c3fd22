import subprocess
import sys

subprocess.run(
    "git init -q && git add -A && git -c user.name=x -c user.email=x@x commit -qm x",
    shell=True,
    check=True,
)
script = (
    open("train/__main__.py")
    .read()
    .replace('tags={"purpose": "baseline"}', 'tags={"purpose": "baseline", "git_revision": "HEAD"}')
)
assert "HEAD" in script
open("train/__main__.py", "w").write(script)
subprocess.run([sys.executable, "-m", "train"], check=True)
