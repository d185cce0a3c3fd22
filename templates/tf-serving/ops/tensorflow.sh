#!/bin/sh
# Installs TensorFlow into .tensorflow/, apart from everything else: only training and the stand-in
# need it.
set -eu
requirements="requirements-tensorflow.txt"
venv=.tensorflow/.venv

if [ "${1:-}" != --yes ]; then
  echo "TensorFlow: download about 320 MB, on disk 1.5 GB in .tensorflow/" >&2
  if [ ! -t 0 ]; then
    echo "nothing was installed; to agree: sh ops/tensorflow.sh --yes" >&2
    exit 1
  fi
  printf 'install it? [y/N] ' >&2
  read -r answer
  case $answer in
    y | Y | yes) ;;
    *) exit 1 ;;
  esac
fi
if cmp -s "$requirements" .tensorflow/installed; then
  echo "TensorFlow is installed already"
  exit 0
fi
rm -f .tensorflow/installed
mkdir -p .tensorflow
# The lab's own Python made .venv, and uv stands there; whoever came by `make` has either of both.
python=.venv/bin/python
[ -x "$python" ] || python=python3
if uv=$(command -v uv) || { uv=.venv/bin/uv && [ -x "$uv" ]; }; then
  "$uv" venv --quiet --allow-existing --python "$python" "$venv"
  # sync: exactly this list, which is complete. tensorflow-serving-api would ask for a second
  # TensorFlow.
  "$uv" pip sync --quiet --python "$venv/bin/python" --require-hashes "$requirements"
else
  "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
    -r "$requirements"
fi
cp "$requirements" .tensorflow/installed
echo "TensorFlow is in .tensorflow/: $(du -sh .tensorflow | cut -f 1)"
