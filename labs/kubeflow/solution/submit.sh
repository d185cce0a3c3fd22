#!/bin/sh
set -eu
exec python -m cluster.submit
