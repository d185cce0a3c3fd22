# shellcheck shell=bash disable=SC2154  # `here` and `renumber` come from make
# Stands in for the official postgres image: Debian's PostgreSQL 17, with the user, paths and
# variables of the official one.
suite() { echo trixie; }
packages() { echo postgresql-17,netbase,tzdata; }
settings() {
  local path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
  printf '%s\n' "ENV PATH=$path:/usr/lib/postgresql/17/bin" \
    'ENV LANG=C.UTF-8' 'ENV PG_MAJOR=17' 'ENV PGDATA=/var/lib/postgresql/data' \
    'VOLUME /var/lib/postgresql/data' 'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]' \
    'STOPSIGNAL SIGINT' 'EXPOSE 5432'
}
tags() { echo postgres:17.11-trixie; }
finish() {
  local root=$1
  # Debian creates a cluster when it installs the package; the image creates its own when it starts.
  rm -rf "$root/var/lib/postgresql/17" "$root/etc/postgresql" "$root"/var/log/postgresql/*
  renumber "$root" postgres 999
  install -d -o 999 -g 999 -m 3777 "$root/var/run/postgresql"
  install -d -o 999 -g 999 -m 1777 "$root/var/lib/postgresql/data"
  sed -i -E "s/^#?listen_addresses *=.*/listen_addresses = '*'/" \
    "$root/usr/share/postgresql/17/postgresql.conf.sample"
  install -m 755 "$here/postgres/entrypoint" "$root/usr/local/bin/docker-entrypoint.sh"
}
