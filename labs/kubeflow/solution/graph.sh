#!/bin/sh
# The name that the evaluation really gives.
set -eu
sed 's/outputParameterKey: accuracy$/outputParameterKey: auc/' ir/broken.yaml >ir/broken.yaml.new
mv ir/broken.yaml.new ir/broken.yaml
