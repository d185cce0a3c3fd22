"""CustomResourceDefinitions for the kinds in a folder of JSON Schemas (tests/schemas), so that an
API server without their controllers takes the labs' objects of those kinds, and refuses wrong ones.
"""

import json
from pathlib import Path

# Not `argo`: the lab that uses those kinds brings their definitions itself.
FILES = ("kserve", "trainer", "prometheus")
ANYTHING = {"x-kubernetes-preserve-unknown-fields": True}
OBJECT = {"type": "object", **ANYTHING}
SCALARS = {"string", "integer", "number"}
COPIED = [
    *("type", "format", "enum", "required"),
    *("minimum", "maximum", "minLength", "maxLength", "pattern", "minItems", "maxItems"),
]


def definitions(schemas: Path) -> dict:
    """One list, as `kubectl create` takes it."""
    core = read(schemas / "core.json")["$defs"]
    items = []
    for name in FILES:
        file = read(schemas / f"{name}.json")
        known = core | file["$defs"]
        for kind, definition in file["kinds"].items():
            items.append(define(kind, expand({"$ref": f"#/$defs/{definition}"}, known)))
    return {"apiVersion": "v1", "kind": "List", "items": items}


def define(known_as: str, schema: dict) -> dict:
    group, version, kind = known_as.split("/")
    plural = f"{kind.lower()}s"
    # The server checks these itself, and a schema may not name more of them.
    schema["properties"] |= {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"type": "object"},
        "status": OBJECT,
    }
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Cluster" if kind.startswith("Cluster") else "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": plural,
                "singular": kind.lower(),
            },
            "versions": [served],
        },
    }


def expand(schema: dict, known: dict, within: tuple[str, ...] = ()) -> dict:
    """The schema as a server wants it: without references, and with a type everywhere."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/$defs/")
        # A definition within itself has no end.
        return dict(OBJECT) if name in within else expand(known[name], known, (*within, name))
    if "anyOf" in schema:
        types = {choice.get("type") for choice in schema["anyOf"]}
        if types <= {"integer", "number"}:
            return {"type": "number"}
        return {"x-kubernetes-int-or-string": True} if types <= SCALARS else dict(ANYTHING)
    if "type" not in schema:
        return dict(ANYTHING)
    made = {word: schema[word] for word in COPIED if word in schema}
    if made["type"] == "array":
        made["items"] = expand(schema.get("items", {}), known, within)
    elif made["type"] == "object":
        values = schema.get("additionalProperties")
        if properties := schema.get("properties"):
            made["properties"] = {
                name: expand(inner, known, within) for name, inner in properties.items()
            }
        elif isinstance(values, dict):
            made["additionalProperties"] = expand(values, known, within)
        else:
            made |= ANYTHING
    return made


def read(path: Path) -> dict:
    return json.loads(path.read_text())
