# shellcheck shell=bash
# Stands in for the official image of Alertmanager: Debian's, with its name, user and paths.
suite() { echo trixie; }
packages() { echo prometheus-alertmanager,ca-certificates; }
settings() {
  printf '%s\n' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    'USER 65534:65534' 'WORKDIR /alertmanager' 'EXPOSE 9093' 'ENTRYPOINT ["/bin/alertmanager"]' \
    'CMD ["--config.file=/etc/alertmanager/alertmanager.yml", "--storage.path=/alertmanager"]'
}
tags() { echo prom/alertmanager:v0.28.1; }
finish() {
  local root=$1
  ln -s prometheus-alertmanager "$root/usr/bin/alertmanager"
  # A volume takes the owner of the folder that it covers.
  mkdir -p "$root/alertmanager"
  chown 65534:65534 "$root/alertmanager"
}
