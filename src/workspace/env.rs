//! What every process of a lab finds in its environment.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::Workspace;
use crate::catalog::manifest::RuntimeKind;
use crate::error::{Error, Result};
use crate::platform::fs;
use crate::platform::process::{self, Command, MARK};

/// Variables of the user's shell that would bend a lab's Python: another home or path, and slow starts.
const UNSET: [&str; 4] = ["PYTHONDONTWRITEBYTECODE", "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP"];

impl Workspace {
    /// What every process of the lab finds in its environment, in the order in which it is set: the manifest's `env` (local), `.env`,
    /// `.venv/bin` first on PATH, and the names of ours.
    ///
    /// # Errors
    /// Exit 2 for a line of `.env` that is none, with its number.
    pub fn env(&self, kind: RuntimeKind) -> Result<Vec<(OsString, OsString)>> {
        let mut env: Vec<(OsString, OsString)> = Vec::new();
        if let (RuntimeKind::Local, Some(local)) = (kind, &self.manifest.runtime.local) {
            env.extend(local.env.iter().map(|(name, value)| (name.into(), value.into())));
        }
        let path = self.root.join(".env");
        if let Some(bytes) = fs::read_optional(&path)? {
            for (name, value) in parse(&String::from_utf8_lossy(&bytes)).map_err(|(line, why)| {
                Error::usage(format!("{}:{line}: {why}", path.display())).hint("a line of .env is NAME=value")
            })? {
                env.push((name.into(), value.into()));
            }
        }
        if self.manifest.python(kind).is_some() {
            let venv = self.root.join(".venv");
            let mut folders = vec![venv.join("bin")];
            folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
            let path = std::env::join_paths(folders).map_err(|error| {
                Error::environment(format!("{} cannot stand on PATH", self.root.display()))
                    .because(error)
                    .hint("move the lab to a path without a colon")
            })?;
            env.push(("PATH".into(), path));
            env.push(("VIRTUAL_ENV".into(), venv.into()));
        }
        let program = std::env::current_exe()
            .map_err(|error| Error::environment("cannot find this program").because(error))?;
        env.push(("MLOPS_LAB".into(), program.into()));
        env.push((MARK.into(), self.id().into()));
        env.push(("MLOPS_LAB_RUNTIME".into(), kind.name().into()));
        if kind == RuntimeKind::Kubernetes {
            env.extend(self.kubectl_env()?);
        }
        for (name, url) in self.manifest.endpoints(kind) {
            let name = name.to_ascii_uppercase().replace('-', "_");
            env.push((format!("MLOPS_LAB_ENDPOINT_{name}").into(), url.into()));
        }
        Ok(env)
    }

    /// Variables of our own environment that processes of the lab do not get.
    pub fn unset(&self) -> Vec<OsString> {
        UNSET.map(Into::into).to_vec()
    }

    /// A command in the project's folder with the lab's environment.
    ///
    /// # Errors
    /// Exit 2 for an empty argv or a broken `.env`.
    pub fn command(&self, kind: RuntimeKind, argv: &[String], within: Duration) -> Result<Command> {
        let [program, args @ ..] = argv else {
            return Err(Error::usage("the manifest has an empty command"));
        };
        let cwd: PathBuf = self.root.clone();
        Ok(Command {
            program: program.into(),
            args: args.iter().map(Into::into).collect(),
            cwd: Some(cwd),
            env: self.env(kind)?,
            unset: self.unset(),
            stdin: Vec::new(),
            within,
            keep: process::KEPT,
        })
    }
}

/// The names and values of a `.env` file: `NAME=value`, quotes around the value taken off, `#` after white space begins a comment. No
/// interpolation: what compose would fill in is compose's. The first line that is none, from 1, and why.
fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut pairs = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fail = |why: &str| (index + 1, why.to_owned());
        let (name, value) = line
            .strip_prefix("export ")
            .unwrap_or(line)
            .split_once('=')
            .ok_or_else(|| fail("no `=` in this line"))?;
        let name = name.trim();
        let well = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(well) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(fail(&format!("`{name}` is not a name")));
        }
        let value = value.trim();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let rest = &value[1..];
                let end = rest.find(quote).ok_or_else(|| fail("the quote does not end"))?;
                rest[..end].to_owned()
            }
            _ => value.split_once(" #").map_or(value, |(value, _)| value.trim_end()).to_owned(),
        };
        pairs.push((name.to_owned(), value));
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_dot_env_are_read_as_compose_reads_them() {
        let text = "# a comment\n\nPORT=8080\nexport A=1 # why\nB=\"x # y\"\nC='$HOME'\nD=\nE=a=b#c\n";
        let pairs = parse(text).unwrap();
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(
            pairs,
            [("PORT", "8080"), ("A", "1"), ("B", "x # y"), ("C", "$HOME"), ("D", ""), ("E", "a=b#c")]
        );
    }

    #[test]
    fn a_line_that_is_none_is_told_with_its_number() {
        for text in ["A=1\nnonsense", "A=1\n1A=2", "A=1\nB=\"x"] {
            assert_eq!(parse(text).unwrap_err().0, 2, "{text}");
        }
    }
}
