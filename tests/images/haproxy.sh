# shellcheck shell=bash disable=SC2154  # `renumber` comes from make
# Stands in for the official haproxy image: Debian's HAProxy 3.0, with the user and paths of the
# official one.
suite() { echo trixie; }
packages() { echo haproxy,ca-certificates; }
settings() {
  printf '%s\n' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    'USER haproxy' 'WORKDIR /var/lib/haproxy' 'ENTRYPOINT ["docker-entrypoint.sh"]' \
    'CMD ["haproxy", "-f", "/usr/local/etc/haproxy/haproxy.cfg"]' 'STOPSIGNAL SIGUSR1'
}
tags() { echo haproxy:3.0.26; }
finish() {
  local root=$1
  renumber "$root" haproxy 99
  rm -rf "$root/etc/haproxy"
  mkdir -p "$root/usr/local/etc/haproxy"
  cat >"$root/usr/local/bin/docker-entrypoint.sh" <<'END'
#!/bin/sh
set -e
if [ "${1#-}" != "$1" ]; then set -- haproxy "$@"; fi
if [ "$1" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
END
  chmod 755 "$root/usr/local/bin/docker-entrypoint.sh"
}
