//! Errors put into sound manifests one at a time, from the tables in planted/: each must be found,
//! with the sentence that says what it is.

use std::path::Path;

use serde_json::Value;

use crate::manifests::model::{kind, list, name, text};

const EDITS: [&str; 5] = ["set", "drop", "remove", "twice", "add"];

/// One line of a table.
pub struct Planted {
    pub what: String,
    /// What must be said of it.
    pub says: String,
    line: Value,
}

impl Planted {
    /// A table; SELF in it is the name of the lab.
    pub fn table(file: &str, own: &str) -> Vec<Planted> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests/planted").join(file);
        let table = std::fs::read_to_string(file).unwrap().replace("SELF", own);
        let lines: Vec<Value> = serde_saphyr::from_str(&table).unwrap();
        assert!(!lines.is_empty());
        let known = |line: Value| Planted {
            what: text(&line, "/plant").to_owned(),
            says: text(&line, "/says").to_owned(),
            line,
        };
        let all: Vec<Planted> = lines.into_iter().map(known).collect();
        assert!(
            all.iter().all(|it| !it.what.is_empty() && !it.says.is_empty()),
            "a line says nothing"
        );
        all
    }

    /// The text with the error in it.
    pub fn in_text(&self, sound: &str) -> String {
        let (from, to) = (text(&self.line, "/from"), text(&self.line, "/to"));
        assert_eq!(sound.matches(from).count(), 1, "{}: {from}", self.what);
        sound.replace(from, to)
    }

    /// The objects with the error in them.
    pub fn in_objects(&self, sound: &[Value]) -> Vec<Value> {
        let mut objects = sound.to_vec();
        for edit in list(&self.line, "/also").iter().chain([&self.line]) {
            let named: Vec<&str> =
                EDITS.into_iter().filter(|name| edit.get(*name).is_some()).collect();
            assert_eq!(named.len(), 1, "{}: one edit, not {named:?}", self.what);
            apply(&mut objects, named[0], &edit[named[0]]);
        }
        objects
    }
}

fn apply(objects: &mut Vec<Value>, edit: &str, how: &Value) {
    let pointer = text(how, "/1")
        .replace("container:", "/spec/template/spec/containers/0")
        .replace("pod:", "/spec/template/spec");
    match edit {
        "set" => set(at(objects, text(how, "/0")), &pointer, how[2].clone()),
        "drop" => drop_at(at(objects, text(how, "/0")), &pointer),
        "remove" => {
            let gone = at(objects, how.as_str().unwrap()).clone();
            objects.retain(|object| *object != gone);
        }
        "twice" => {
            let again = at(objects, how.as_str().unwrap()).clone();
            objects.push(again);
        }
        _ => objects.push(how.clone()),
    }
}

/// The first object of a kind, or the one of `Kind/name`.
fn at<'a>(objects: &'a mut [Value], wanted: &str) -> &'a mut Value {
    let (of, called) =
        wanted.split_once('/').map_or((wanted, None), |(of, called)| (of, Some(called)));
    let fits = |object: &&mut Value| {
        kind(object) == of && called.is_none_or(|called| name(object) == called)
    };
    objects.iter_mut().find(fits).unwrap_or_else(|| panic!("there is no {wanted}"))
}

/// Where a pointer ends: the mapping or list, and the key in it.
fn parent<'a>(object: &'a mut Value, pointer: &str) -> (&'a mut Value, String) {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let found = object.pointer_mut(parent).unwrap_or_else(|| panic!("there is no {parent}"));
    (found, key.replace("~1", "/"))
}

fn set(object: &mut Value, pointer: &str, value: Value) {
    match parent(object, pointer) {
        (Value::Array(items), key) if key == "-" => items.push(value),
        (Value::Array(items), key) => items[key.parse::<usize>().unwrap()] = value,
        (parent, key) => parent[key] = value,
    }
}

fn drop_at(object: &mut Value, pointer: &str) {
    let dropped = match parent(object, pointer) {
        (Value::Object(map), key) => map.shift_remove(&key),
        (Value::Array(items), key) => Some(items.remove(key.parse().unwrap())),
        _ => None,
    };
    assert!(dropped.is_some(), "there is no {pointer}");
}
