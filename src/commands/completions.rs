//! Completions: the script that a shell loads, and what it then asks us for with every Tab.
//!
//! The script holds no names: labs, steps, drills and variables are looked up when they are wanted,
//! in the lab or the pack that is typed.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory};
use clap_complete::Shell;
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::Session;
use crate::catalog::Sources;
use crate::catalog::manifest::{Manifest, RuntimeKind};
use crate::cli::Cli;
use crate::error::{Error, Exit, Result};
use crate::layout;
use crate::runtime;
use crate::workspace::Workspace;

/// Set by the script: the shell that asks.
const VARIABLE: &str = layout::COMPLETE;

const NAME: &str = "mlops-lab";

pub(super) fn run(session: &Session, shell: Shell) -> Result<Exit> {
    let completer: &dyn EnvCompleter = match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::Elvish => &Elvish,
        Shell::PowerShell => &Powershell,
        other => return Err(Error::usage(format!("there are no completions for {other}"))),
    };
    let mut script = Vec::new();
    completer
        .write_registration(VARIABLE, NAME, NAME, NAME, &mut script)
        .map_err(|error| Error::bug("a script that cannot be written").because(error))?;
    session.print(&script)
}

/// Answers a shell that asks for completions; none when this is any other run of the program.
pub fn complete() -> Option<Exit> {
    std::env::var_os(VARIABLE)?;
    let here = std::env::current_dir().ok();
    let asked = CompleteEnv::with_factory(command).var(VARIABLE).bin(NAME).completer(NAME);
    match asked.try_complete(std::env::args_os(), here.as_deref()) {
        Ok(true) => Some(Exit::Done),
        Ok(false) => None,
        // A shell that gets nothing completes nothing; there is nobody to read an error.
        Err(_) => Some(Exit::Usage),
    }
}

fn command() -> Command {
    let mut command = Cli::command();
    command.build();
    dynamic(command)
}

/// Arguments whose values are names that only the disk knows.
fn dynamic(command: Command) -> Command {
    command.mut_args(argument).mut_subcommands(dynamic)
}

fn argument(arg: Arg) -> Arg {
    let names: fn(&Typed) -> Vec<Name> = match arg.get_id().as_str() {
        "lab" | "labs" => Typed::labs,
        "step" => Typed::steps,
        "drill" => Typed::drills,
        "runtime" => Typed::runtimes,
        "set" => Typed::variables,
        "endpoint" => Typed::endpoints,
        "service" => Typed::services,
        _ => return arg,
    };
    arg.add(ArgValueCompleter::new(move |current: &OsStr| {
        let current = current.to_string_lossy();
        let names =
            names(&Typed::now()).into_iter().filter(|(name, _)| name.starts_with(&*current));
        names.map(|(name, help)| CompletionCandidate::new(name).help(Some(help.into()))).collect()
    }))
}

/// A name and what it means.
type Name = (String, String);

/// What stands on the command line so far, as far as it says where to look.
struct Typed {
    words: Vec<String>,
    folder: PathBuf,
    sources: Sources,
}

impl Typed {
    fn now() -> Typed {
        // Before `--` stand the shell's own words.
        let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
        Typed::of(words.collect(), &std::env::current_dir().unwrap_or_default())
    }

    fn of(words: Vec<OsString>, here: &Path) -> Typed {
        let words: Vec<String> =
            words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
        let values = |names: [&str; 2]| {
            let mut found = Vec::new();
            for (index, word) in words.iter().enumerate() {
                for name in names.iter().filter(|name| !name.is_empty()) {
                    match word.strip_prefix(name) {
                        Some("") => found.extend(words.get(index + 1).cloned()),
                        Some(rest) if rest.starts_with('=') => found.push(rest[1..].to_owned()),
                        _ => {}
                    }
                }
            }
            found
        };
        let folder = values(["-C", "--directory"]).pop();
        let folder = folder.map_or(here.to_owned(), |folder| here.join(folder));
        let packs = values(["--pack", ""]).into_iter().map(|pack| folder.join(pack)).collect();
        let standing = Sources::environment(std::env::var_os(layout::PACKS), &folder);
        let sources = Sources::new(packs, standing);
        Typed { words, folder, sources }
    }

    fn workspace(&self) -> Option<Workspace> {
        Workspace::find(&self.folder).ok()
    }

    fn labs(&self) -> Vec<Name> {
        let labs = self.sources.labs().unwrap_or_default().into_iter();
        labs.filter_map(|lab| Some((lab.name, lab.source.lab(&lab.id).ok()?.manifest.title)))
            .collect()
    }

    fn steps(&self) -> Vec<Name> {
        let Some(workspace) = self.workspace() else { return Vec::new() };
        let active =
            workspace.progress().ok().and_then(|progress| progress.drill).map(|drill| drill.id);
        let manifest = workspace.manifest();
        let steps = manifest.step.iter().map(|step| (step.id.clone(), step.title.clone()));
        let drills = manifest.drill.iter().filter(|drill| Some(&drill.id) == active.as_ref());
        drills.map(|drill| (drill.id.clone(), drill.title.clone())).chain(steps).collect()
    }

    fn drills(&self) -> Vec<Name> {
        let Some(workspace) = self.workspace() else { return Vec::new() };
        workspace
            .manifest()
            .drill
            .iter()
            .map(|drill| (drill.id.clone(), drill.title.clone()))
            .collect()
    }

    /// The manifest that is meant: of the lab that is typed, else of the one in which we stand.
    fn manifest(&self) -> Option<Manifest> {
        let labs = self.sources.labs().unwrap_or_default();
        let named = |word: &&String| labs.iter().any(|lab| lab.name == **word);
        let named = self.words.iter().skip(1).find(named);
        match named {
            Some(id) => self.sources.lab(id).ok().map(|lab| lab.manifest),
            None => self.workspace().map(|workspace| workspace.manifest().clone()),
        }
    }

    fn runtimes(&self) -> Vec<Name> {
        let offered =
            self.manifest().map_or(RuntimeKind::ALL.to_vec(), |manifest| manifest.runtimes());
        offered
            .iter()
            .map(|kind| (kind.name().to_owned(), runtime::title(*kind).to_owned()))
            .collect()
    }

    fn variables(&self) -> Vec<Name> {
        let vars = self.manifest().map(|manifest| manifest.vars).unwrap_or_default();
        vars.into_iter().map(|(name, var)| (format!("{name}="), var.help)).collect()
    }

    fn endpoints(&self) -> Vec<Name> {
        let endpoints = self.manifest().map(|manifest| manifest.endpoint).unwrap_or_default();
        endpoints.into_iter().map(|(name, _)| (name, String::new())).collect()
    }

    fn services(&self) -> Vec<Name> {
        let local = self.manifest().and_then(|manifest| manifest.runtime.local);
        local
            .into_iter()
            .flat_map(|local| local.service)
            .map(|service| (service.name, String::new()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Source;

    fn typed(line: &str) -> Typed {
        Typed::of(line.split(' ').map(OsString::from).collect(), Path::new("/here"))
    }

    #[test]
    fn where_to_look_is_what_was_typed() {
        let typed_so = typed("mlops-lab -C sub --pack=../labs show ");
        assert_eq!(typed_so.folder, Path::new("/here/sub"));
        assert_eq!(typed_so.sources.typed(), [Source::Pack("/here/sub/../labs".into())]);
        assert_eq!(typed("mlops-lab --directory x check").folder, Path::new("/here/x"));
        assert!(typed("mlops-lab show").sources.typed().is_empty());
    }

    #[test]
    fn names_come_from_the_catalogue_and_variables_from_the_lab_that_is_typed() {
        let labs = typed("mlops-lab show ").labs();
        assert!(labs.len() > 3 && labs.iter().all(|(_, title)| !title.is_empty()), "{labs:?}");
        let line = format!("mlops-lab init {} --set ", labs[0].0);
        assert!(typed(&line).variables().iter().any(|(name, _)| name == "port="));
        assert_eq!(typed("mlops-lab up --runtime ").runtimes().len(), 3);
    }
}
