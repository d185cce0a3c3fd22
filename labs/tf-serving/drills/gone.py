"""Is nothing left of the bad release, where a server would find it again?"""

import releases

import verdict  # the checks', by releases

for number in releases.released():
    verdict.not_yet(
        f"callers get answers, but version {number} still lies in {releases.MODELS}: a server "
        "that loads the newest version would serve it"
    )
wanted = releases.model(releases.config.models(releases.CONFIG.read_text("utf-8")))
for number in wanted.model_version_policy.specific.versions:
    if number not in releases.exported():
        verdict.not_yet(f"{releases.CONFIG} still names version {number}, which is gone")
print("nothing is left of the bad release")
