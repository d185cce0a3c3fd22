#!/bin/sh
# A program that answers like the model server.
set -eu
if [ "${1:-}" = undo ]; then
  kill "$(cat .wrong.pid)"
  rm .wrong.pid
  exit
fi
python -c "import subprocess, sys; server = subprocess.Popen([sys.executable, 'yes_man.py'], stdin=-3, stdout=-3, stderr=-3, start_new_session=True); open('.wrong.pid', 'w').write(str(server.pid))"
for _ in $(seq 60); do
  curl --fail --silent --output /dev/null "$MLOPS_LAB_ENDPOINT_MODEL/v2" && exit
  sleep 0.2
done
exit 1
