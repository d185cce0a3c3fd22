//! Programs on PATH: who answers first, who stands behind it, and which Python can make
//! environments.

use std::path::PathBuf;
use std::time::Instant;

use crate::catalog::units::{Version, VersionReq};
use crate::doctor::probes::{Asked, How, ask, ask_at};
use crate::platform::process::{self, Command};

/// A program that was asked for its version, and the others of the same name on PATH.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) struct Programs {
    pub(in crate::doctor) first: Asked,
    pub(in crate::doctor) others: Vec<Asked>,
}

/// How many of the same name are asked: the one that shadows, and who stands in its shadow.
const ASKED: usize = 3;

pub(in crate::doctor) fn programs(name: &str, args: &[String], end: Instant) -> Programs {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let all = process::find_all(name, &std::env::var_os("PATH").unwrap_or_default());
    // Side by side: a second one must not make the doctor slower.
    std::thread::scope(|scope| {
        let others: Vec<_> = all
            .into_iter()
            .skip(1)
            .take(ASKED - 1)
            .map(|path| {
                let args = args.clone();
                scope.spawn(move || ask_at(path, &args, end))
            })
            .collect();
        let first = ask(name, &args, end);
        Programs {
            first,
            others: others.into_iter().filter_map(|other| other.join().ok()).collect(),
        }
    })
}

/// The interpreters that were asked, and whether uv stands by.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::doctor) struct Pythons {
    /// In the order in which `up` looks at them, up to the first that serves.
    pub(in crate::doctor) found: Vec<PythonSeen>,
    /// What could not be asked, or did not answer as Python does.
    pub(in crate::doctor) broken: Vec<Asked>,
    /// uv makes environments without ensurepip, and brings an interpreter where none fits.
    pub(in crate::doctor) uv: bool,
    /// The command to paste.
    pub(in crate::doctor) cmd: String,
}

/// One interpreter, and what it can do.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::doctor) struct PythonSeen {
    pub(in crate::doctor) path: PathBuf,
    pub(in crate::doctor) version: String,
    /// Whether `python -m venv` will work: Debian keeps ensurepip in a package of its own.
    pub(in crate::doctor) venv: bool,
}

/// What a lab asks of an interpreter, as JSON. `-I` keeps the user's own modules out of the answer.
const QUESTION: &str = "import json,sys,importlib.util as u;print(json.dumps({'version':'%d.%d.%d'%sys.version_info[:3],'path':sys.executable,'venv':bool(u.find_spec('ensurepip') and u.find_spec('venv') and u.find_spec('ssl'))}))";

/// The names that `up` tries, in its order.
const NAMES: [&str; 6] =
    ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];

pub(in crate::doctor) fn pythons(wanted: &VersionReq, end: Instant) -> Pythons {
    // Asked, as `up` asks it: a shim of a version manager may be there with nothing behind it.
    let uv = ask("uv", &["--version"], end).well();
    let mut pythons = Pythons {
        uv,
        cmd: "python3 -I -c 'import sys,ensurepip,venv,ssl; print(sys.version)'".to_owned(),
        ..Pythons::default()
    };
    // On a Mac without developer tools /usr/bin/python3 opens a dialog instead of answering.
    if cfg!(target_os = "macos") && !ask("xcode-select", &["-p"], end).well() {
        let apple = process::locate(&Command::new("python3", std::time::Duration::ZERO));
        if apple.is_ok_and(|path| path.as_os_str() == "/usr/bin/python3") {
            return pythons;
        }
    }
    for name in NAMES {
        let asked = ask(name, &["-I", "-c", QUESTION], end);
        match asked.how {
            How::Absent => continue,
            How::Late(_) => {
                pythons.broken.push(asked);
                break;
            }
            _ => {}
        }
        let answer: serde_json::Value = serde_json::from_str(&asked.out).unwrap_or_default();
        let Some(version) = answer["version"].as_str().filter(|_| asked.well()) else {
            pythons.broken.push(asked);
            continue;
        };
        let path = answer["path"]
            .as_str()
            .map_or_else(|| asked.path.clone().unwrap_or_default(), PathBuf::from);
        pythons.found.push(PythonSeen {
            path,
            version: version.to_owned(),
            venv: answer["venv"] == true,
        });
        // Each question starts an interpreter, and a shim makes that slow: the first that fits is
        // what `up` takes.
        if Version::find(version).is_some_and(|version| wanted.allows(&version)) {
            break;
        }
    }
    pythons
}
