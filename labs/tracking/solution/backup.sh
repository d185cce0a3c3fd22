#!/bin/sh
# Backup, an empty stack, restore.
set -eu
sh ops/backup.sh
docker compose --profile serve down --volumes
exec sh ops/restore.sh
