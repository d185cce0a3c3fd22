//! The schemas of tests/schemas, made strict: what they do not name is an error.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::manifests::model::{id, list, text};

const OBJECT_META: &str = "#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// The vendored schemas.
pub struct Schemas {
    kinds: HashMap<String, String>,
    defs: Value,
    made: Mutex<HashMap<String, Arc<Validator>>>,
}

impl Schemas {
    /// Reads the files of tests/schemas.
    pub fn load() -> Schemas {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/schemas");
        let (mut kinds, mut defs) = (HashMap::new(), Map::new());
        for file in ["core", "kserve", "trainer", "argo", "prometheus", "kind"] {
            let file = folder.join(file).with_extension("json");
            let read: Value =
                serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            for (kind, name) in read["kinds"].as_object().unwrap() {
                kinds.insert(kind.clone(), name.as_str().unwrap().to_owned());
            }
            defs.extend(read["$defs"].as_object().unwrap().clone());
        }
        defs.values_mut().for_each(|schema| close(schema, false));
        Schemas { kinds, defs: Value::Object(defs), made: Mutex::default() }
    }

    /// What the schemas say against these objects. A CRD among them, or beside them, brings the
    /// schema of its kind.
    pub fn check(&self, objects: &[Value], beside: &[Value]) -> Vec<String> {
        let (custom, mut findings) = self.custom(&[objects, beside].concat());
        for object in objects {
            let kind = format!("{}/{}", text(object, "/apiVersion"), text(object, "/kind"));
            // A CRD may say less than what is known of its kind here.
            let known: Vec<_> =
                custom.get(&kind).cloned().into_iter().chain(self.validator(&kind)).collect();
            if known.is_empty() {
                findings.push(format!("{}: no schema for the kind {kind}", id(object)));
            }
            for error in known.iter().flat_map(|validator| validator.iter_errors(object)) {
                let said: String = error.to_string().chars().take(300).collect();
                findings.push(format!("{}: {}: {said}", id(object), error.instance_path()));
            }
        }
        findings
    }

    /// The vendored kinds whose schema is none.
    pub fn broken(&self) -> Vec<String> {
        let schemas = self
            .kinds
            .iter()
            .map(|(kind, name)| (kind, json!({"$ref": format!("#/$defs/{name}")})));
        schemas
            .filter_map(|(kind, schema)| {
                self.compile(schema).err().map(|error| format!("{kind}: {error}"))
            })
            .collect()
    }

    /// The validator of a vendored kind, made once.
    fn validator(&self, kind: &str) -> Option<Arc<Validator>> {
        let name = self.kinds.get(kind)?;
        let mut made = self.made.lock().unwrap();
        let validator = made.entry(kind.to_owned()).or_insert_with(|| {
            let schema =
                json!({"$ref": format!("#/$defs/{name}"), "required": ["apiVersion", "kind"]});
            Arc::new(self.compile(schema).unwrap())
        });
        Some(validator.clone())
    }

    /// With the definitions that it leads to and no others: to read them all each time takes most
    /// of the test's time.
    fn compile(&self, mut schema: Value) -> Result<Validator, String> {
        if !schema.is_object() {
            return Err("is no mapping".to_owned());
        }
        let mut used = Map::new();
        let mut open = vec![schema.clone()];
        while let Some(part) = open.pop() {
            match part {
                Value::Array(parts) => open.extend(parts),
                Value::Object(parts) => {
                    if let Some(name) = parts.get("$ref").and_then(Value::as_str)
                        && let Some(name) = name.strip_prefix("#/$defs/")
                        && !used.contains_key(name)
                    {
                        used.insert(name.to_owned(), self.defs[name].clone());
                        open.push(self.defs[name].clone());
                    }
                    open.extend(parts.into_values());
                }
                _ => {}
            }
        }
        schema["$defs"] = Value::Object(used);
        jsonschema::options()
            .with_format("byte", is_base64)
            .should_validate_formats(true)
            .build(&schema)
            .map_err(|error| error.to_string())
    }

    /// The schemas that CRDs among the objects bring.
    fn custom(&self, objects: &[Value]) -> (HashMap<String, Arc<Validator>>, Vec<String>) {
        let (mut made, mut findings) = (HashMap::new(), Vec::new());
        for crd in
            objects.iter().filter(|object| text(object, "/kind") == "CustomResourceDefinition")
        {
            for version in list(crd, "/spec/versions") {
                let kind = format!(
                    "{}/{}/{}",
                    text(crd, "/spec/group"),
                    text(version, "/name"),
                    text(crd, "/spec/names/kind")
                );
                let mut schema =
                    version.pointer("/schema/openAPIV3Schema").cloned().unwrap_or(json!({}));
                close(&mut schema, true);
                rooted(&mut schema);
                match self.compile(schema) {
                    Ok(validator) => drop(made.insert(kind, Arc::new(validator))),
                    Err(error) => {
                        findings.push(format!("{}: the schema of {kind}: {error}", id(crd)))
                    }
                }
            }
        }
        (made, findings)
    }
}

/// As the server reads it: breaks of lines are no part of it.
fn is_base64(text: &str) -> bool {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.decode(text.replace(['\n', '\r'], "")).is_ok()
}

/// Every object of a CRD has these three, whatever its schema says of them.
fn rooted(schema: &mut Value) {
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        properties.insert("apiVersion".to_owned(), json!({"type": "string"}));
        properties.insert("kind".to_owned(), json!({"type": "string"}));
        properties.insert("metadata".to_owned(), json!({"$ref": OBJECT_META}));
    }
}

/// OpenAPI as JSON Schema, and closed: a field that is not named is refused, as `kubectl
/// --validate=strict` refuses it. In a CRD an object without fields takes none, for the server
/// would drop them.
fn close(schema: &mut Value, crd: bool) {
    let Some(map) = schema.as_object_mut() else { return };
    if let Some(properties) = map.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|part| close(part, crd));
    }
    for key in ["items", "additionalProperties"] {
        if let Some(part) = map.get_mut(key) {
            close(part, crd);
        }
    }
    let flag = |map: &Map<String, Value>, name: &str| map.get(name) == Some(&Value::Bool(true));
    let named =
        map.contains_key("properties") || (crd && map.get("type") == Some(&json!("object")));
    let open = flag(map, "x-kubernetes-preserve-unknown-fields")
        || map.contains_key("additionalProperties");
    if named && !open {
        map.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    if flag(map, "x-kubernetes-embedded-resource") {
        rooted(schema);
        return;
    }
    if flag(map, "x-kubernetes-int-or-string") && !map.contains_key("anyOf") {
        map.insert("anyOf".to_owned(), json!([{"type": "integer"}, {"type": "string"}]));
    }
    if flag(map, "nullable") && map.contains_key("type") {
        let kind = map["type"].clone();
        map.insert("type".to_owned(), json!([kind, "null"]));
    }
    if map.get("format") == Some(&json!("int32")) {
        map.entry("minimum").or_insert(json!(i32::MIN));
        map.entry("maximum").or_insert(json!(i32::MAX));
    }
    // Draft 4, which OpenAPI 3.0 still is here.
    for (bound, exclusive) in [("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")] {
        if let Some(Value::Bool(strict)) = map.get(exclusive).cloned() {
            map.remove(exclusive);
            if strict && let Some(limit) = map.remove(bound) {
                map.insert(exclusive.to_owned(), limit);
            }
        }
    }
}
