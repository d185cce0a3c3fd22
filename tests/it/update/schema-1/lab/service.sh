#!/bin/sh
# How the service behaves: good, dies at once, does not hear SIGTERM, or only waits.
set -eu
echo "this is $1"
case $1 in
  dies) echo "no disk for me" >&2; exit 7 ;;
  deaf) trap '' TERM ;;
  waiting) exec sleep 600 ;;
esac
exec python3 -m http.server --bind 127.0.0.1 8123
