# shellcheck shell=bash disable=SC2154  # `cache` comes from make
# Stands in for Garage's own image, which is /garage and nothing else: the same program, built here
# from its published source. A build takes minutes (7 on two free cores), so its result is kept.
version=2.5.0
garage=$cache/garage-$version/bin/garage
settings() {
  printf '%s\n' 'ENV RUST_BACKTRACE=1' 'ENV RUST_LOG=garage=info' 'CMD ["/garage", "server"]'
}
tags() { echo "dxflrs/garage:v$version"; }
tree() {
  local root=$1 library
  [ -x "$garage" ] || build
  mkdir -p "$root/tmp"
  cp "$garage" "$root/garage"
  # The official program is linked statically; this one brings its three libraries and their loader.
  ldd "$garage" | grep -oE '/[^ ]+' | while IFS= read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}
# Lightly optimised: for tests, a short build matters more than a fast store.
build() {
  printf '   building garage %s; this takes minutes\n' "$version"
  CARGO_TARGET_DIR=$cache/garage-target \
    CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
    CARGO_PROFILE_RELEASE_DEBUG=0 \
    CARGO_PROFILE_RELEASE_STRIP=symbols \
    nice cargo install garage --version "$version" --locked \
    --no-default-features --features bundled-libs,sqlite,lmdb \
    --root "$cache/garage-$version" --quiet
  rm -rf "$cache/garage-target"
}
