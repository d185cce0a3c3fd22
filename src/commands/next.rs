//! The next command as it must be typed here: with the folder, the pack, the runtime and the
//! answers that were typed. Pure.

use std::path::{Path, PathBuf};

use super::{pasteable, quoted};
use crate::cli::{Cli, Command, LabCommand, OnConflict};

/// Commands that mean the lab in which one stands.
const OF_LAB: [&str; 15] = [
    "diff", "update", "undo", "up", "down", "restart", "status", "logs", "open", "check", "hint",
    "solve", "break", "cluster", "doctor",
];

/// Commands that take labs from a pack.
const OF_PACK: [&str; 7] = ["list", "show", "init", "fetch", "update", "doctor", "lab"];

/// Commands that mean one runtime.
const OF_RUNTIME: [&str; 8] = ["up", "status", "logs", "open", "check", "hint", "solve", "doctor"];

/// What was typed, as far as the next command needs it again.
#[derive(Debug, Default)]
pub struct Typed {
    directory: Option<String>,
    packs: Vec<String>,
    runtime: Option<String>,
    /// Of `update`, where it only showed what it would do.
    update: Vec<String>,
}

impl Typed {
    pub(super) fn of(cli: &Cli) -> Typed {
        let mut packs: Vec<&Path> = cli.global.pack.iter().map(PathBuf::as_path).collect();
        let mut update = Vec::new();
        let runtime = match &cli.command {
            Command::Init(args) => args.runtime,
            Command::Up(args) => args.runtime,
            Command::Status(args) => args.runtime,
            Command::Logs(args) => args.runtime,
            Command::Open(args) => args.runtime,
            Command::Check(args) => args.runtime,
            Command::Hint(args) => args.runtime,
            Command::Solve(args) => args.runtime,
            Command::Doctor(args) => args.runtime,
            Command::Update(args) => {
                update.extend(args.set.iter().map(|set| format!("--set {}", quoted(set))));
                if args.on_conflict != OnConflict::Merge
                    && let Some(how) = clap::ValueEnum::to_possible_value(&args.on_conflict)
                {
                    update.push(format!("--on-conflict {}", how.get_name()));
                }
                update.extend(
                    args.resolve.iter().map(|resolve| format!("--resolve {}", quoted(resolve))),
                );
                None
            }
            Command::Lab(lab) => {
                if let LabCommand::Lint(args) = &lab.command {
                    packs = args.folder.as_deref().map_or(packs, |folder| vec![folder]);
                }
                None
            }
            _ => None,
        };
        Typed {
            directory: cli.global.directory.as_deref().map(pasteable),
            packs: packs.into_iter().map(pasteable).collect(),
            runtime: runtime.map(|kind| kind.name().to_owned()),
            update,
        }
    }

    /// Whether the next command is as it would be without.
    pub(super) fn plain(&self) -> bool {
        self.directory.is_none()
            && self.packs.is_empty()
            && self.runtime.is_none()
            && self.update.is_empty()
    }

    /// What a view says, from where it says what is next.
    pub(super) fn view(&self, text: &str) -> String {
        let at = |line: &str| line.starts_with("next") || line.contains(" next: ");
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            if at(line) {
                return format!("{}{}", &text[..start], self.spelled(&text[start..]));
            }
            start += line.len();
        }
        text.to_owned()
    }

    /// A text that names commands.
    pub(super) fn spelled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        // After a `cd` a path that was typed means another place.
        let mut moved = false;
        while let Some(found) = rest.find("mlops-lab ") {
            let (before, after) = rest.split_at(found);
            let after = &after["mlops-lab ".len()..];
            moved |= before
                .lines()
                .any(|line| line.trim_start().trim_start_matches("next: ").starts_with("cd "));
            out.push_str(before);
            out.push_str("mlops-lab ");
            let inside = before.ends_with(|c: char| c.is_alphanumeric() || "/-.".contains(c));
            let length = after.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(after.len());
            let verb = &after[..length];
            rest = after;
            if inside || verb.is_empty() {
                continue;
            }
            let end = after.find("mlops-lab ").unwrap_or(after.len());
            let end = after[..end].find(['\n', '(', ',', ';']).unwrap_or(end);
            let has = |option: &str| after[..end].contains(option);
            // `lab lint` is told where by its argument.
            let of_pack =
                OF_PACK.contains(&verb) && !has("--pack") && !after.starts_with("lab lint");
            let packs = if of_pack && !moved { &self.packs[..] } else { &[] };
            // A pack is looked for from there, too.
            let there = self
                .directory
                .as_ref()
                .filter(|_| !moved && (OF_LAB.contains(&verb) || !packs.is_empty()));
            out.extend(there.map(|directory| format!("-C {directory} ")));
            out.extend(packs.iter().map(|pack| format!("--pack {pack} ")));
            out.push_str(verb);
            if let Some(runtime) =
                self.runtime.as_ref().filter(|_| OF_RUNTIME.contains(&verb) && !has("--runtime"))
            {
                out.push_str(&format!(" --runtime {runtime}"));
            }
            if verb == "update" && !has("--set") {
                for option in &self.update {
                    out.push_str(&format!(" {option}"));
                }
            }
            rest = &after[length..];
        }
        out.push_str(rest);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(line: &str) -> Typed {
        let mut matches =
            <Cli as clap::CommandFactory>::command().get_matches_from(line.split(' '));
        Typed::of(&Cli::of(&mut matches).unwrap())
    }

    #[test]
    fn what_was_typed_stands_in_the_next_command() {
        for (line, said, next) in [
            ("mlops-lab list", "next: mlops-lab init a --up", "next: mlops-lab init a --up"),
            (
                "mlops-lab --pack p list",
                "next: mlops-lab init a --up",
                "next: mlops-lab --pack p init a --up",
            ),
            (
                "mlops-lab --pack p list --pack q",
                "next: mlops-lab init a --up",
                "next: mlops-lab --pack p --pack q init a --up",
            ),
            (
                "mlops-lab lab lint p",
                "next: mlops-lab lab test a",
                "next: mlops-lab --pack p lab test a",
            ),
            (
                "mlops-lab -C l check --runtime compose",
                "nothing runs. next: mlops-lab up   (or: mlops-lab hint a)",
                "nothing runs. next: mlops-lab -C l up --runtime compose   \
                 (or: mlops-lab -C l hint --runtime compose a)",
            ),
            (
                "mlops-lab up --runtime compose",
                "stop it first: mlops-lab down, then mlops-lab up --runtime compose",
                "stop it first: mlops-lab down, then mlops-lab up --runtime compose",
            ),
            (
                "mlops-lab update --set port=9001 --dry-run",
                "next: mlops-lab update",
                "next: mlops-lab update --set port=9001",
            ),
            (
                "mlops-lab -C l up --runtime kubernetes",
                "hint: see all checks: mlops-lab doctor",
                "hint: see all checks: mlops-lab -C l doctor --runtime kubernetes",
            ),
            (
                "mlops-lab -C x init a",
                "next:\n  cd /x/a\n  mlops-lab up",
                "next:\n  cd /x/a\n  mlops-lab up",
            ),
            (
                "mlops-lab --pack p lab lint",
                "next: mlops-lab --pack q lab test a",
                "next: mlops-lab --pack q lab test a",
            ),
        ] {
            assert_eq!(typed(line).spelled(said), next, "{line}");
        }
    }

    #[test]
    fn only_what_comes_after_next_is_a_command() {
        let text = "+  run: mlops-lab check\n\nnext: mlops-lab up\n";
        assert_eq!(
            typed("mlops-lab -C l diff").view(text),
            "+  run: mlops-lab check\n\nnext: mlops-lab -C l up\n"
        );
    }
}
