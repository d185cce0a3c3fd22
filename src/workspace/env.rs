//! What the processes of a lab find in their environment, over what `platform::environment` lets
//! through; and our own tools, which find nothing of the lab.

use std::ffi::OsString;
use std::time::Duration;

use super::Workspace;
use crate::catalog::manifest::RuntimeKind;
use crate::dotenv::{Document, Problem};
use crate::error::{Error, Result};
use crate::layout;
use crate::platform::process::{self, Command, Role};
use crate::platform::{environment, host, inside};

impl Workspace {
    /// What every process of the lab finds in its environment, in the order in which it is set: the
    /// manifest's `env` (local), `.env`, `.venv/bin` first on PATH, and the names of ours.
    ///
    /// # Errors
    /// Exit 2 for a line of `.env` that is none, with its number.
    pub fn env(&self, kind: RuntimeKind) -> Result<Vec<(OsString, OsString)>> {
        let mut env: Vec<(OsString, OsString)> = Vec::new();
        if let (RuntimeKind::Local, Some(local)) = (kind, &self.manifest.runtime.local) {
            env.extend(local.env.iter().map(|(name, value)| (name.into(), value.into())));
        }
        if let Some(dotenv) = self.dotenv()? {
            let own = |name: &str| dotenv.assigns(name) && !environment::steers(name);
            // What the file assigns it decides, in every runtime: a name of the shell's that
            // happens to be the same counts for nothing.
            let outside = |name: &str| if own(name) { None } else { host::var(name) };
            let values = dotenv.values(&outside).map_err(|problem| self.unreadable(&problem))?;
            env.extend(values.into_iter().map(|(name, value)| (name.into(), value.into())));
        }
        if self.manifest.python(kind).is_some() {
            let venv = self.root.join(".venv");
            let set =
                env.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
            let path = set.or_else(|| std::env::var_os("PATH")).unwrap_or_default();
            let folders = std::iter::once(venv.join("bin")).chain(std::env::split_paths(&path));
            let path = std::env::join_paths(folders).map_err(|error| {
                Error::environment(format!("{} cannot stand on PATH", self.root.display()))
                    .because(error)
                    .hint("move the lab to a path without a colon")
            })?;
            env.push(("PATH".into(), path));
            env.push(("VIRTUAL_ENV".into(), venv.into()));
        }
        let program = process::installed_program()?;
        env.push((layout::PROGRAM.into(), program.into()));
        if let Some(id) = self.id() {
            env.push((layout::MARK.into(), id.into()));
            env.push((layout::RUN.into(), self.run_folder().into()));
        }
        env.push((layout::RUNTIME.into(), kind.name().into()));
        if kind == RuntimeKind::Kubernetes {
            env.extend(self.kubectl_env()?);
        }
        for (name, url) in self.manifest.endpoints(kind) {
            let name = name.to_ascii_uppercase().replace('-', "_");
            env.push((format!("{}{name}", layout::ENDPOINT).into(), url.into()));
        }
        Ok(env)
    }

    /// The same for a command of the lab. Python keeps what it compiles away from the lab's own
    /// files, and takes nothing from there: a cache could come with a repository, and not be what
    /// stands beside it.
    ///
    /// # Errors
    /// As [`Workspace::env`].
    pub fn command_env(&self, kind: RuntimeKind) -> Result<Vec<(OsString, OsString)>> {
        let mut env = self.env(kind)?;
        env.push(("PYTHONPYCACHEPREFIX".into(), self.run_folder().join("pycache").into()));
        Ok(env)
    }

    /// The lab's `.env`; none when there is none.
    ///
    /// # Errors
    /// Exit 2 for a line that is none, with its number.
    pub fn dotenv(&self) -> Result<Option<Document>> {
        let bytes = inside::read_optional(&self.root, ".env")
            .map_err(inside::cannot("read", &self.root, ".env"))?;
        let Some(bytes) = bytes else { return Ok(None) };
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Document::parse(text).map(Some).map_err(|problem| self.unreadable(&problem))
    }

    fn unreadable(&self, problem: &Problem) -> Error {
        Error::usage(format!(
            "{}:{}: {}",
            self.root.join(".env").display(),
            problem.line,
            problem.why
        ))
        .hint("a line of .env is NAME=value; it is read as docker compose reads it")
    }

    /// A command of the lab (a check, a solution, a drill) in its folder, with its environment.
    ///
    /// # Errors
    /// Exit 2 for an empty argv or a broken `.env`.
    pub fn command(&self, kind: RuntimeKind, argv: &[String], within: Duration) -> Result<Command> {
        Ok(Command {
            role: Role::Command,
            env: self.command_env(kind)?,
            ..self.here(argv, within)?
        })
    }

    /// A service or task of the lab.
    ///
    /// # Errors
    /// Exit 2 for an empty argv or a broken `.env`.
    pub fn service(&self, kind: RuntimeKind, argv: &[String], within: Duration) -> Result<Command> {
        Ok(Command { role: Role::Service, env: self.env(kind)?, ..self.here(argv, within)? })
    }

    /// A tool of ours at work for the lab: found on the user's PATH and with the user's settings,
    /// whatever `.env` and `.venv` say.
    ///
    /// # Errors
    /// Exit 2 for an empty argv.
    pub fn tool(&self, argv: &[String], within: Duration) -> Result<Command> {
        self.here(argv, within)
    }

    /// What makes the lab's `.venv`.
    ///
    /// # Errors
    /// Exit 2 for an empty argv.
    pub fn installer(&self, argv: &[String], within: Duration) -> Result<Command> {
        // Over a `user = true` in pip.conf, with which pip refuses to install into any environment.
        Ok(Command { role: Role::Installer, ..self.here(argv, within)? }.env("PIP_USER", "0"))
    }

    /// `docker compose`, which reads `.env` by itself, but lets the shell go before it: names that
    /// the file assigns are kept away from it, and those that would steer docker itself are empty
    /// unless the user has set them.
    ///
    /// # Errors
    /// Exit 2 for an empty argv or a broken `.env`.
    pub fn compose(&self, argv: &[String], within: Duration) -> Result<Command> {
        let mut command = self.tool(argv, within)?;
        let dotenv = self.dotenv()?;
        for name in dotenv.iter().flat_map(Document::names) {
            if !environment::steers(name) {
                command.unset.push(name.into());
            } else if host::var(name).is_none() {
                command = command.env(name, "");
            }
        }
        Ok(command)
    }

    /// In the lab's folder, marked as one of its processes.
    fn here(&self, argv: &[String], within: Duration) -> Result<Command> {
        let [program, args @ ..] = argv else {
            return Err(Error::usage("the manifest has an empty command"));
        };
        // What a lab left behind is stopped from where it is noted.
        let folder = if self.root.is_dir() { &self.root } else { self.run_folder() };
        let command = Command::new(program, within).args(args).cwd(folder);
        Ok(self.id().map_or_else(|| command.clone(), |id| command.clone().env(layout::MARK, id)))
    }
}
