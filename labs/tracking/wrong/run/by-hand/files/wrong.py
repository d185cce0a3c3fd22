import subprocess
import sys

sys.path.insert(0, ".mlops-lab/lab/verify")
from lab import call

commit = "git init -q && git add -A && git -c user.name=x -c user.email=x@x commit -qm x"
subprocess.run(["sh", "-c", commit], check=True)
asked = ["git", "rev-parse", "HEAD"]
head = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
train = [sys.executable, "-m", "train"]
said = subprocess.run(train, stdout=subprocess.PIPE, text=True, check=True).stdout
tag = {"run_id": said.split()[1], "key": "git_revision", "value": head}
assert call("runs/set-tag", tag)[0] == 200
