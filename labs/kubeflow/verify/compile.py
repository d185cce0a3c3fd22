"""Is ir/pipeline.yaml what the source compiles to, today, tomorrow and on another machine?"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lab
import verdict

# Compiles as another user, elsewhere and later: the first argument is how many days.
ELSEWHERE = """
import datetime, os, sys, time
days = float(sys.argv[1])
shift = datetime.timedelta(days=days)
real, clock = datetime.datetime, time.time

class Later(real):
    @classmethod
    def now(cls, tz=None):
        return real.now(tz) + shift
    @classmethod
    def utcnow(cls):
        return real.now(datetime.UTC).replace(tzinfo=None) + shift
    @classmethod
    def today(cls):
        return real.now() + shift

class LaterDate(datetime.date):
    @classmethod
    def today(cls):
        return (real.now() + shift).date()

from kfp import compiler
if days:
    datetime.datetime, datetime.date = Later, LaterDate
    time.time = lambda: clock() + shift.total_seconds()
    strftime, gmtime, localtime = time.strftime, time.gmtime, time.localtime
    time.gmtime = lambda seconds=None: gmtime(time.time() if seconds is None else seconds)
    time.localtime = lambda seconds=None: localtime(time.time() if seconds is None else seconds)
    time.strftime = lambda form, when=None: strftime(form, when or time.localtime())
sys.path.insert(0, os.getcwd())
from pipeline.pipeline import pipeline
compiler.Compiler().compile(pipeline, sys.argv[2])
"""


def compiled(days: int, **environment: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        project = Path(scratch) / f"project{days}"
        project.mkdir()
        lab.copy_project(project)
        target = Path(scratch) / "ir.yaml"
        env = lab.clean_environment() | environment
        done = lab.run("-c", ELSEWHERE, str(days), str(target), cwd=project, env=env)
        if done.returncode:
            verdict.not_yet(f"the pipeline does not compile: {lab.last_line(done)}")
        return target.read_text("utf-8")


def first_difference(one: str, two: str) -> str:
    """Where the first line that is not the same begins to differ."""
    lines = zip(one.splitlines(), two.splitlines(), strict=False)
    a, b = next(((a.strip(), b.strip()) for a, b in lines if a != b), ("", "another length"))
    same = next((at for at, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), 0)
    start = max(0, same - 25)
    return f"{a[start : start + 60]!r} became {b[start : start + 60]!r}"


def main() -> None:
    committed = lab.text_of(lab.IR)
    with ThreadPoolExecutor() as both:
        today = both.submit(compiled, 0, PYTHONHASHSEED="1")
        later = both.submit(
            compiled,
            400,
            PYTHONHASHSEED="2",
            USER="somebody",
            LOGNAME="somebody",
            HOME="/nowhere",
            TZ="Pacific/Auckland",
            HOSTNAME="elsewhere",
        )
        here, there = today.result(), later.result()
    if here != there:
        verdict.not_yet(
            "the pipeline compiles to something else at another time and place: "
            + first_difference(here, there)
        )
    if committed != here:
        verdict.not_yet(
            f"{lab.IR} is not what the source compiles to: " + first_difference(committed, here)
        )

    ir = lab.read_ir()
    missing = {"ingest", "train", "evaluate"} - set(ir["root"]["dag"]["tasks"])
    missing |= {"comp-register", "comp-reject"} - set(ir["components"])
    if missing:
        verdict.not_yet(f"the pipeline has lost a part: {', '.join(sorted(missing))}")
    for name, executor in ir["deploymentSpec"]["executors"].items():
        if executor["container"]["image"] != lab.IMAGE:
            verdict.not_yet(f"{name} does not run in the image {lab.IMAGE}")
    print(f"{lab.IR} is what the source compiles to, here and elsewhere")


if __name__ == "__main__":
    sys.exit(main())
