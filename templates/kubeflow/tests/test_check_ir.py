"""The checker finds what it promises to find, and lets a sound pipeline pass."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from pipeline.check_ir import problems
from pipeline.compile import compiled

Ir = dict[str, Any]
SOUND: Ir = yaml.safe_load(compiled())


def root(ir: Ir) -> Ir:
    return ir["root"]["dag"]["tasks"]


def no_component(ir: Ir) -> None:
    root(ir)["train"]["componentRef"]["name"] = "comp-trian"


def no_executor(ir: Ir) -> None:
    ir["components"]["comp-train"]["executorLabel"] = "exec-trian"


def no_producer(ir: Ir) -> None:
    root(ir)["train"]["inputs"]["artifacts"]["training"]["taskOutputArtifact"]["producerTask"] = (
        "fetch"
    )


def not_awaited(ir: Ir) -> None:
    root(ir)["train"]["dependentTasks"] = []


def waits_for_nobody(ir: Ir) -> None:
    root(ir)["train"]["dependentTasks"].append("fetch")


def no_such_input_around(ir: Ir) -> None:
    root(ir)["train"]["inputs"]["parameters"]["trees"] = {"componentInputParameter": "tree"}


def unknown_input(ir: Ir) -> None:
    given = root(ir)["train"]["inputs"]["parameters"]
    given["leaves"] = given["trees"]


def missing_input(ir: Ir) -> None:
    del root(ir)["train"]["inputs"]["parameters"]["trees"]


def orphan_component(ir: Ir) -> None:
    ir["components"]["comp-old"] = copy.deepcopy(ir["components"]["comp-train"])


def orphan_executor(ir: Ir) -> None:
    ir["deploymentSpec"]["executors"]["exec-old"] = {}


def cycle(ir: Ir) -> None:
    root(ir)["ingest"]["dependentTasks"] = ["evaluate"]


def unknown_channel(ir: Ir) -> None:
    branches = ir["components"]["comp-condition-branches-1"]["dag"]["tasks"]
    branches["condition-2"]["triggerPolicy"]["condition"] = "inputs.parameter_values['x'] > 1"


BROKEN: dict[Callable[[Ir], None], str] = {
    no_component: "root.train: there is no component 'comp-trian'",
    no_executor: "comp-train: there is no executor 'exec-trian'",
    no_producer: "root.train: input 'training': comes from 'fetch', which is no task",
    not_awaited: "root.train: input 'training': comes from 'ingest', for which",
    waits_for_nobody: "root.train: waits for 'fetch', which is no task",
    no_such_input_around: "root.train: input 'trees': the DAG around it has no input 'tree'",
    unknown_input: "root.train: input 'leaves': the component does not take it",
    missing_input: "root.train: input 'trees': the component needs it",
    orphan_component: "comp-old: no task uses this component",
    orphan_executor: "exec-old: no component uses this executor",
    cycle: "root.ingest: waits for itself",
    unknown_channel: "comp-condition-branches-1.condition-2: its condition reads 'x'",
}


def test_the_pipeline_is_sound() -> None:
    assert problems(SOUND) == []


@pytest.mark.parametrize("breakage", BROKEN, ids=lambda breakage: breakage.__name__)
def test_a_breakage_is_found(breakage: Callable[[Ir], None]) -> None:
    ir = copy.deepcopy(SOUND)
    breakage(ir)
    assert any(line.startswith(BROKEN[breakage]) for line in problems(ir)), problems(ir)
