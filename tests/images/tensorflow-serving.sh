# shellcheck shell=bash disable=SC2154  # `top` comes from make
# Stands in for TensorFlow Serving: the server that the lab itself runs where there is no real one,
# behind the real one's name and flags.
lab=$top/templates/tf-serving
base() { echo python; }
parts() { printf '%s\n' "$lab/requirements-tensorflow.txt" "$lab/standin" "$lab/wire"; }
settings() {
  printf '%s\n' 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
    'EXPOSE 8500 8501' \
    'ENTRYPOINT ["tensorflow_model_server", "--port=8500", "--rest_api_port=8501"]'
}
tags() { echo tensorflow/serving:2.20.0; }
finish() {
  local root=$1 uv site=$1/usr/local/lib/python3.13/dist-packages
  uv=${MLOPS_LAB_UV:-$(command -v uv)} || {
    echo "tensorflow-serving: no uv: eval \"\$(.ci/tools env)\"" >&2
    return 1
  }
  "$uv" pip install --quiet --target "$site" \
    --python-version 3.13 --python-platform x86_64-manylinux_2_28 \
    --no-deps --require-hashes -r "$lab/requirements-tensorflow.txt"
  # To load and run a model, it needs no headers, no symbols, and nothing that trains.
  strip --strip-unneeded -o "$root/stripped" "$site/tensorflow/libtensorflow_cc.so.2"
  # Not in place: it may be a link into uv's cache.
  mv "$root/stripped" "$site/tensorflow/libtensorflow_cc.so.2"
  rm -rf "$site"/tensorflow/include "$site"/{keras,h5py,h5py.libs,pygments}
  mkdir "$root/srv/standin"
  cp -R "$lab/standin" "$lab/wire" "$root/srv/standin/"
  cat >"$root/usr/local/bin/tensorflow_model_server" <<'END'
#!/bin/sh
# The stand-in. In a container it listens as the real server does: on every address.
export PYTHONPATH=/srv/standin TF_CPP_MIN_LOG_LEVEL=2
exec python3 -m standin --listen=0.0.0.0 "$@"
END
  chmod 755 "$root/usr/local/bin/tensorflow_model_server"
  # Checks that it starts, and compiles its modules: on a read-only file system, each start would
  # compile them again.
  chroot "$root" env --unset=PYTHONDONTWRITEBYTECODE tensorflow_model_server --help >/dev/null
}
