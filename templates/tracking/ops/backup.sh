#!/bin/sh
# Copies the database and all artifacts out of the containers or pods, into backup/. The server may
# run on.
set -eu
cd "$(dirname "$0")/.."
. ops/inside.sh
umask 077

new=backup.new
rm -rf "$new"
mkdir "$new"
# The list first, then the database, then the files: what arrives meanwhile is one too many in the
# next, never one too few.
inside mlflow python -m ops.objects count >"$new/manifest.json"
inside db pg_dump --username=mlflow --format=custom mlflow >"$new/database.dump"
inside mlflow python -m ops.objects save >"$new/artifacts.tar"
rm -rf backup
mv "$new" backup
echo "backup/: $(du -sh backup | cut -f1)," \
  "$(grep -c '  "' backup/manifest.json) entries in manifest.json"
