#!/bin/sh
set -eu
python -m ops.traffic off
"$@"
