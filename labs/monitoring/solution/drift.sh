#!/bin/sh
# Lets Prometheus read the rules, and silences what was announced.
set -eu
python -m ops.reload
exec python -m ops.silence alertname=InputDrift feature=lines_changed --minutes 60 \
  --why "license headers are added this week, announced by the platform team"
