#!/bin/sh
# Uncomments flags of the server, wherever it runs: flags.sh WORD
set -eu
sed "s|^# \(set -- .*$1.*\)|\1|" ops/serve.sh >ops/serve.sh.new
cat ops/serve.sh.new >ops/serve.sh
sed "s|^      # \(- --.*$1.*\)|      \1|" compose.yaml >compose.yaml.new
cat compose.yaml.new >compose.yaml
rm ops/serve.sh.new compose.yaml.new
