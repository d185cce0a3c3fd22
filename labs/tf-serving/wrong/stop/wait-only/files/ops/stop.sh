#!/bin/sh
set -eu
sleep 1
"$@"
