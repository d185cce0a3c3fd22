# shellcheck shell=bash disable=SC2154  # `top` comes from make
# Stands in for the official python image: Debian's own Python 3.13, with the names and paths of the
# official one.
suite() { echo trixie; }
packages() { echo python3.13,python3-pip,python3.13-venv,ca-certificates,netbase,tzdata; }
settings() {
  printf '%s\n' 'ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin' \
    'ENV LANG=C.UTF-8' 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' 'CMD ["python3"]'
}
# Every tag that a lab's Dockerfile names.
tags() {
  echo python:3.13-slim
  grep -rhoE '^FROM python:[^ ]+' "$top"/templates --include='Dockerfile*' | cut -d' ' -f2
}
finish() {
  local root=$1 name
  for name in python python3 python3.13; do
    ln -sf /usr/bin/python3.13 "$root/usr/local/bin/$name"
  done
  for name in pip pip3; do ln -sf /usr/bin/pip3 "$root/usr/local/bin/$name"; done
  # The official image lets pip install into the system.
  rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
  as_on_this_machine "$root"
}
# What pip inside the image needs to work as on this machine: extra certificates, pip's settings.
as_on_this_machine() {
  local root=$1 extra
  extra=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
  cp "$extra" "$root/etc/ssl/certs/ca-certificates.crt"
  # Paths of this machine (find-links) mean nothing inside; each name once.
  python3 -m pip config list 2>/dev/null \
    | sed -nE "s/^[^.]*\.(cert|timeout|index-url|default-timeout)='(.*)'$/\1 = \2/p" \
    | sort -u -t= -k1,1 \
    | { printf '[global]\n'; cat; } >"$root/etc/pip.conf"
}
