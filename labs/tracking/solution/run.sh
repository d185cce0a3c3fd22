#!/bin/sh
# Makes the project a repository of its own, commits, and trains from that commit.
set -eu
top=$(git rev-parse --show-toplevel 2>/dev/null || true)
[ "$top" = "$(pwd -P)" ] || git init --quiet
git add --all
git diff --cached --quiet ||
  git -c user.name=learner -c user.email=learner@localhost commit --quiet --message "The lab"
exec python -m train
