#!/bin/sh
# How the service behaves: good, dies at once, or does not hear SIGTERM.
set -eu
echo "this is $1"
case $1 in
  dies) echo "no disk for me" >&2; exit 7 ;;
  deaf) trap '' TERM ;;
esac
exec python3 -m http.server --bind 127.0.0.1 <[ port ]>
