"""The runs on the cluster: python -m cluster.runs [stop RUN_ID]"""

import sys

from cluster.kfp import Kfp, KfpError


def main() -> int:
    kfp = Kfp()
    try:
        match sys.argv[1:]:
            case []:
                for run in kfp.runs():
                    state, name = run.get("state", ""), run.get("display_name", "")
                    print(f"{run['run_id']}  {state:<10} {name}")
            case ["stop", run_id]:
                kfp.stop(run_id)
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except KfpError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
