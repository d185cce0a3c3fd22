#!/bin/sh
# Starts the model server as a process: TensorFlow Serving where it is installed, else the stand-in.
set -eu
rest=${MLOPS_LAB_ENDPOINT_API:-http://127.0.0.1:${PORT:-<[ port ]>}}
grpc=${MLOPS_LAB_ENDPOINT_GRPC:-http://127.0.0.1:${GRPC_PORT:-<[ grpc_port ]>}}
# Where mlops-lab keeps what belongs to this run; without it, beside the reports.
run=${MLOPS_LAB_RUN:-reports}
# A copy of config/models.config with this folder's path; this shell becomes the server, which it
# follows.
python -m ops.follow
python -m ops.follow $$ &

# The last flag: at the start nothing is loaded yet, and a label would be refused.
set -- --port="${grpc##*:}" --rest_api_port="${rest##*:}" \
  --model_config_file="$run/models.config" --model_config_file_poll_wait_seconds=1 \
  --allow_version_labels_for_unavailable_models=true
# set -- "$@" --enable_batching=true --batching_parameters_file=config/batching.config
# set -- "$@" --monitoring_config_file=config/monitoring.config
if command -v tensorflow_model_server >/dev/null; then
  exec tensorflow_model_server "$@"
fi
export TF_CPP_MIN_LOG_LEVEL=2
exec .tensorflow/.venv/bin/python -m standin "$@"
