"""Checks that a compiled pipeline hangs together: python -m pipeline.check_ir FILE...

The IR is a graph of names, and kfp reads it without asking whether a name leads anywhere: a broken
one is found by the task that needed it, after everything before it has run. This finds it first.
It knows nothing of this project: any IR of kfp will do.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

Node = dict[str, Any]
KINDS = ("parameters", "artifacts")
# How an input refers to another task, or from the DAG around it.
FROM_TASK = {
    "taskOutputParameter": ("parameters", "outputParameterKey"),
    "taskOutputArtifact": ("artifacts", "outputArtifactKey"),
}
FROM_DAG = {"componentInputParameter": "parameters", "componentInputArtifact": "artifacts"}
CHANNEL = re.compile(r"inputs\.parameter_values\['([^']+)'\]")


def problems(ir: Node) -> list[str]:
    """Everything that is wrong, one line each; none for a pipeline that is sound."""
    return [*_definitions(ir), *_orphans(ir), *_recursion(ir), *_dags(ir)]


def _components(ir: Node) -> Node:
    return ir.get("components", {})


def _executors(ir: Node) -> Node:
    return ir.get("deploymentSpec", {}).get("executors", {})


def _graphs(ir: Node) -> Iterator[tuple[str, Node]]:
    """Every component that is a DAG, by name; the root is one."""
    yield "root", ir["root"]
    for name, component in _components(ir).items():
        if "dag" in component:
            yield name, component


def _tasks(component: Node) -> Node:
    return component.get("dag", {}).get("tasks", {})


def _defined(component: Node, side: str, kind: str) -> Node:
    return component.get(side, {}).get(kind, {})


def _given(task: Node, kind: str) -> Node:
    return task.get("inputs", {}).get(kind, {})


def _before(task: Node) -> set[str]:
    """The tasks that this one waits for, or takes something from."""
    producers = {
        given[way]["producerTask"]
        for way, (kind, _) in FROM_TASK.items()
        for given in _given(task, kind).values()
        if way in given
    }
    return producers | set(task.get("dependentTasks", []))


def _definitions(ir: Node) -> Iterator[str]:
    """A component is a DAG, or has an executor that exists."""
    for name, component in _components(ir).items():
        label = component.get("executorLabel")
        if label is not None and label not in _executors(ir):
            yield f"{name}: there is no executor {label!r}"
        if label is None and "dag" not in component:
            yield f"{name}: neither an executor nor a DAG"


def _orphans(ir: Node) -> Iterator[str]:
    """What nothing refers to was forgotten, or what referred to it is misspelt."""
    used = {
        task.get("componentRef", {}).get("name")
        for _, graph in _graphs(ir)
        for task in _tasks(graph).values()
    }
    for name in _components(ir):
        if name not in used:
            yield f"{name}: no task uses this component"
    labels = {component.get("executorLabel") for component in _components(ir).values()}
    for label in _executors(ir):
        if label not in labels:
            yield f"{label}: no component uses this executor"


def _recursion(ir: Node) -> Iterator[str]:
    """A DAG that contains itself never ends."""
    inside = {
        name: {task.get("componentRef", {}).get("name") for task in _tasks(graph).values()}
        for name, graph in _graphs(ir)
    }
    for name in sorted(_on_a_cycle(inside)):
        yield f"{name}: contains itself"


def _on_a_cycle(edges: dict[str, set[str]]) -> set[str]:
    """The nodes from which a way leads back to them."""

    def reachable(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = set(edges.get(start, ()))
        while ahead:
            node = ahead.pop()
            seen.add(node)
            ahead |= edges.get(node, set()) - seen
        return seen

    return {node for node in edges if node in reachable(node)}


def _dags(ir: Node) -> Iterator[str]:
    for where, graph in _graphs(ir):
        tasks = _tasks(graph)
        order = {name: _before(task) for name, task in tasks.items()}
        for name in sorted(_on_a_cycle(order)):
            yield f"{where}.{name}: waits for itself"
        for name, task in tasks.items():
            for problem in _task(ir, graph, task):
                yield f"{where}.{name}: {problem}"
        for problem in _outputs(ir, graph):
            yield f"{where}: {problem}"


def _task(ir: Node, graph: Node, task: Node) -> Iterator[str]:
    reference = task.get("componentRef", {}).get("name")
    component = _components(ir).get(reference)
    if component is None:
        yield f"there is no component {reference!r}"
    else:
        yield from _interface(component, task)
    for other in task.get("dependentTasks", []):
        if other not in _tasks(graph):
            yield f"waits for {other!r}, which is no task of this DAG"
    for kind in KINDS:
        for name, given in _given(task, kind).items():
            for problem in _source(ir, graph, task, given):
                yield f"input {name!r}: {problem}"
    for name in CHANNEL.findall(task.get("triggerPolicy", {}).get("condition", "")):
        if name not in _given(task, "parameters"):
            yield f"its condition reads {name!r}, which is no input of the task"


def _interface(component: Node, task: Node) -> Iterator[str]:
    """The inputs that are given are those that the component declares."""
    # A loop hands its item over itself.
    looped = {
        task[iterator]["itemInput"]
        for iterator in ("parameterIterator", "artifactIterator")
        if iterator in task
    }
    for kind in KINDS:
        declared = _defined(component, "inputDefinitions", kind)
        given = _given(task, kind)
        for name in given:
            if name not in declared:
                yield f"input {name!r}: the component does not take it"
        for name, definition in declared.items():
            if name not in given and name not in looped and not definition.get("isOptional"):
                yield f"input {name!r}: the component needs it, and nothing gives it"


def _source(ir: Node, graph: Node, task: Node, given: Node) -> Iterator[str]:
    """Where one input comes from: a constant, the DAG around the task, or another task."""
    for way, kind in FROM_DAG.items():
        if way in given and given[way] not in _defined(graph, "inputDefinitions", kind):
            yield f"the DAG around it has no input {given[way]!r}"
    for way, (kind, key) in FROM_TASK.items():
        if way in given:
            producer = given[way]["producerTask"]
            if producer not in _tasks(graph):
                yield f"comes from {producer!r}, which is no task of this DAG"
            elif producer not in task.get("dependentTasks", []):
                yield f"comes from {producer!r}, for which the task does not wait"
            elif not _gives(ir, graph, producer, kind, given[way][key]):
                yield f"{producer!r} has no output {given[way][key]!r}"


def _outputs(ir: Node, graph: Node) -> Iterator[str]:
    """What a DAG hands out comes from its own tasks."""
    outputs = graph.get("dag", {}).get("outputs", {})
    for kind in KINDS:
        selected = outputs.get(kind, {})
        for name in _defined(graph, "outputDefinitions", kind):
            if name not in selected:
                yield f"output {name!r}: no task gives it"
        for name, selector in selected.items():
            for producer, key in _selected(selector):
                if producer not in _tasks(graph):
                    yield f"output {name!r}: comes from {producer!r}, which is no task of this DAG"
                elif not _gives(ir, graph, producer, kind, key):
                    yield f"output {name!r}: {producer!r} has no output {key!r}"


def _selected(selector: Node) -> Iterator[tuple[str, str]]:
    """The tasks and the output keys that one output of a DAG may come from."""
    one = selector.get("valueFromParameter")
    several = selector.get("valueFromOneof", {}).get("parameterSelectors", [])
    for choice in [*([one] if one else []), *several, *selector.get("artifactSelectors", [])]:
        key = choice.get("outputParameterKey", choice.get("outputArtifactKey"))
        yield choice["producerSubtask"], key


def _gives(ir: Node, graph: Node, producer: str, kind: str, key: str) -> bool:
    """Whether the task's component declares this output."""
    reference = _tasks(graph)[producer].get("componentRef", {}).get("name")
    component = _components(ir).get(reference)
    # A component that is missing is reported where it is referred to.
    return component is None or key in _defined(component, "outputDefinitions", kind)


def main() -> int:
    files = sys.argv[1:]
    if not files:
        print(__doc__, file=sys.stderr)
        return 2
    found = 0
    for file in files:
        # A second document, where there is one, is about the platform.
        ir = next(yaml.safe_load_all(Path(file).read_text("utf-8")))
        lines = problems(ir)
        print(*(f"{file}: {line}" for line in lines or ["sound"]), sep="\n")
        found += len(lines)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
