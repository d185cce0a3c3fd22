#!/bin/sh
# The model server in the cluster's manifests: model.sh on | off
set -eu
file=k8s/overlays/local/kustomization.yaml
case $1 in
  on) sed 's/^# *\(components: .*model\]\)/\1/' "$file" >"$file.new" ;;
  off) sed 's/^\(components: .*model\]\)/# \1/' "$file" >"$file.new" ;;
esac
mv "$file.new" "$file"
