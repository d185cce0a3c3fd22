"""Is the chosen run's model the champion, and can a client load it by that name?"""

from lab import champion, choice, found, logged_model, not_yet, run


def main() -> None:
    chosen = choice()
    version = champion()
    number = str(version["version"])
    if version.get("run_id") != chosen:
        not_yet(f"the champion, version {number}, is of run {str(version.get('run_id'))[:8]}, and choice.json says {chosen[:8]}")
    if version.get("status") != "READY":
        not_yet(f"version {number} is {version.get('status')}")
    if not logged_model(found(f"runs/get?run_id={chosen}", f"there is no run {chosen}")["run"]):
        not_yet(f"version {number} takes the alias, but its run has no model that is READY")
    said = run("python", "-m", "client.load", "requests/risky.json")
    if not isinstance(said, dict) or str(said.get("version")) != number or said.get("rolled_back") is not True:
        not_yet(f"a client that loads models:/rollback@champion says {said} about a risky deployment")
    print(f"version {number}")


if __name__ == "__main__":
    main()
