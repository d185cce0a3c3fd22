# shellcheck shell=bash
# Stands in for the official image of Prometheus: Debian's, with its user and paths.
suite() { echo trixie; }
packages() { echo prometheus,promtool,ca-certificates; }
settings() {
  printf '%s\n' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    'USER 65534:65534' 'WORKDIR /prometheus' 'EXPOSE 9090' 'ENTRYPOINT ["/bin/prometheus"]' \
    'CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]'
}
tags() { echo prom/prometheus:v2.53.3; }
finish() {
  local root=$1
  # A volume takes the owner of the folder that it covers.
  mkdir -p "$root/prometheus"
  chown 65534:65534 "$root/prometheus"
}
