#!/bin/sh
# The model server, with what `python -m ops.deploy` put into models/.
set -eu
cd "$(dirname "$0")/.."
set -a
# shellcheck source=/dev/null
. ./.env
set +a
PATH=$PWD/.venv/bin:$PATH

mkdir -p reports
echo $$ >reports/model.pid
export HOST=127.0.0.1 PORT="$MODEL_PORT"
exec python -m server
