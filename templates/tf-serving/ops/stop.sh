#!/bin/sh
# Stops the server: sh ops/stop.sh COMMAND THAT STOPS IT
set -eu
"$@"
