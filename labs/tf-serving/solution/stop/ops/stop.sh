#!/bin/sh
# Stops the server: sh ops/stop.sh COMMAND THAT STOPS IT
set -eu
# The server drains nothing, so the traffic goes first.
python -m ops.traffic off
# A balancer looks four times a second, and the slowest answer takes half a second: after one second
# nobody sends anything more, and nothing is still being answered.
sleep 1
"$@"
