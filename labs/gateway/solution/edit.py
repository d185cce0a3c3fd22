"""Changes config/envoy.yaml as a step's solution does: edit.py STEP [FIND PUT]...

Other texts that are to be replaced can follow; each must be there once.
"""

import re
import sys
from pathlib import Path

RETRIES = """\
                      retry_policy: # only what no server has begun to work on
                        retry_on: connect-failure,refused-stream,reset-before-request
                        num_retries: 2
                        retry_host_predicate: # and at another server
                          - name: envoy.retry_host_predicates.previous_hosts
                            typed_config:
                              "@type": "type.googleapis.com/envoy.extensions.retry.host.\\
                                previous_hosts.v3.PreviousHostsPredicate"
                        host_selection_retry_max_attempts: 20 # weights offer the same one often
"""
HEALTH = """\
      health_checks: # a server that hangs takes connections and answers nothing
        - timeout: 5s
          interval: 5s
          no_traffic_interval: 5s # Envoy's own is a minute, until the first request
          unhealthy_threshold: 2
          healthy_threshold: 1
          http_health_check: { path: /health }
"""
EDITS = {
    "timeouts": [
        (
            r"\{ cluster: servers, timeout: \w+ \}.*",
            "{ cluster: servers, timeout: 0s, idle_timeout: 60s } # only silence ends it",
        )
    ],
    "failover": [
        (r'( +)domains: \["\*"\]\n', lambda found: found[0] + RETRIES),
        (r" {6}load_assignment:\n {8}cluster_name: servers\n", lambda found: HEALTH + found[0]),
    ],
    "canary": [
        (
            r"- endpoint:((?:\n .*)*?SERVER_A_HOST(?:.*\n)+?) +- endpoint:(?=(?:\n .*)*?SERVER_B)",
            lambda found: (
                f"- load_balancing_weight: 90\n                endpoint:{found[1]}"
                "              - load_balancing_weight: 10\n                endpoint:"
            ),
        )
    ],
}


def main() -> None:
    file = Path("config/envoy.yaml")
    text = file.read_text("utf-8")
    for find, put in EDITS.get(sys.argv[1], []):
        text, count = re.subn(find, put, text)
        if count != 1:
            raise SystemExit(f"error: {file} has {count} places for {find!r}")
    given = [argument.replace("\\n", "\n") for argument in sys.argv[2:]]
    for find, put in zip(given[::2], given[1::2], strict=True):
        if text.count(find) != 1:
            raise SystemExit(f"error: {file} has {find!r} {text.count(find)} times")
        text = text.replace(find, put)
    file.write_text(text, "utf-8")


main()
