#!/bin/sh
# Uncomments flags of the server in compose.yaml and makes the container anew: flags.sh WORD...
set -eu
for word; do
  sed "s|^      # \(- --.*$word.*\)|      \1|" compose.yaml >compose.yaml.new
  mv compose.yaml.new compose.yaml
done
"$MLOPS_LAB" up --runtime compose
