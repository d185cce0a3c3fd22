"""python -m ops.reload: Prometheus reads config/ again, or says why it does not."""

import sys
import urllib.error
import urllib.request

from ops.endpoint import prometheus


def main() -> int:
    request = urllib.request.Request(f"{prometheus()}/-/reload", b"", method="POST")
    try:
        with urllib.request.urlopen(request, timeout=30):
            print("Prometheus has read config/prometheus.yml and config/rules/")
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode().strip()[:1000], file=sys.stderr)
        print("the old configuration stays in force: promtool check rules config/rules/*.yml")
        return 1
    except OSError as error:
        raise SystemExit(f"error: {prometheus()}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
