#!/bin/sh
# The model server, with what `python -m ops.deploy` put into models/.
set -eu
cd "$(dirname "$0")/.."
if [ ! -f .env ]; then
  echo "error: .env is missing (git does not keep it): mlops-lab up makes it, or:" \
    "cp .env.example .env" >&2
  exit 1
fi
set -a
# shellcheck source=/dev/null
. ./.env
set +a
: "${MODEL_PORT:?is not set in .env: see .env.example}"
PATH=$PWD/.venv/bin:$PATH

mkdir -p reports
echo $$ >reports/model.pid
export HOST=127.0.0.1 PORT="$MODEL_PORT"
exec python -m server
