//! The command line as types. What the words mean lives in `commands`.

use std::path::PathBuf;

use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

mod args;
mod deferred;

pub use args::*;
pub use deferred::Deferred;

/// A lab bench for DevOps engineers who move into MLOps.
#[derive(Debug, Parser)]
#[command(
    name = "mlops-lab",
    version,
    about,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true
)]
#[command(after_help = "First steps:  mlops-lab init serving --up\n\
    Exit codes:   0 done · 1 no, or not yet · 2 usage · 3 cannot tell, or the environment is broken · 70 a bug · 130 interrupted")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// What can be said for every command, before its name and after it.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// What can be said for every command.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Work as if started in this folder.
    #[arg(short = 'C', long = "directory", value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Take labs from this pack (a folder with labs/ and templates/) instead of the built-in ones.
    #[arg(long, value_name = "DIR")]
    pub pack: Option<PathBuf>,
    /// Print one JSON value on stdout.
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// The command line that this program was started with. Does not return from one that is wrong,
    /// or asks for help.
    pub fn read() -> Cli {
        Cli::of(&mut Cli::command().get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// What the matches of a command line mean.
    ///
    /// # Errors
    /// Those of clap.
    pub fn of(matches: &mut ArgMatches) -> Result<Cli, clap::Error> {
        let mut said = GlobalArgs::default();
        // What stands behind the command counts before what stands in front of it.
        let mut place = Some(&*matches);
        while let Some(here) = place {
            let GlobalArgs { directory, pack, json } = GlobalArgs::from_arg_matches(here)?;
            said = GlobalArgs {
                directory: directory.or(said.directory),
                pack: pack.or(said.pack),
                json: json || said.json,
            };
            place = here.subcommand().map(|(_, below)| below);
        }
        Ok(Cli { global: said, ..Cli::from_arg_matches_mut(matches)? })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the labs.
    List(Deferred<NoArgs>),
    /// Show what a lab teaches, needs and costs.
    Show(Deferred<Show>),
    /// Write a lab into a new folder.
    Init(Deferred<Init>),
    /// Show what you changed since `init`.
    Diff(Deferred<NoArgs>),
    /// Bring the lab to what this program, or its pack, makes of it now; what you changed is kept.
    Update(Deferred<Update>),
    /// Put back what the last update found.
    Undo(Deferred<NoArgs>),
    /// Start the lab, and what changed of it again.
    Up(Deferred<Up>),
    /// Start services again.
    Restart(Deferred<Restart>),
    /// Stop everything that the lab started.
    Down(Deferred<Down>),
    /// Say what runs.
    Status(Deferred<Status>),
    /// Show what a service printed.
    Logs(Deferred<Logs>),
    /// Open the lab in the browser; in a pipe, print the address.
    Open(Deferred<Open>),
    /// Look at the live system and say which steps are done.
    Check(Deferred<Check>),
    /// Help with the step you are at; each time a little more.
    Hint(Deferred<Hint>),
    /// Do a step for you: files of yours that it replaces are kept in .mlops-lab/backup.
    Solve(Deferred<Solve>),
    /// Break something while the lab runs, for you to find and mend.
    Break(Deferred<Break>),
    /// Say what this machine lacks and how to mend it.
    Doctor(Deferred<Doctor>),
    /// For people who write labs.
    Lab(Lab),
    /// Print a completion script.
    Completions(Deferred<Completions>),
    /// Write the man pages into a folder; without one, print the first.
    Man(Deferred<Man>),
    /// Run a program again and again.
    #[command(name = "__supervise", hide = true)]
    Supervise(Deferred<Program>),
    /// Keep what a process prints, within a bound.
    #[command(name = "__write-log", hide = true)]
    WriteLog(Deferred<Program>),
    /// Start a process that outlives us and write down which it is.
    #[command(name = "__launch", hide = true)]
    Launch(Deferred<Program>),
}

impl Command {
    /// Whether the lab is said to be trusted.
    pub fn trusts(&self) -> bool {
        match self {
            Command::Up(args) => args.consent.trust,
            Command::Restart(args) => args.up.consent.trust,
            Command::Check(args) => args.consent.trust,
            Command::Solve(args) => args.consent.trust,
            Command::Break(args) => args.consent.trust,
            Command::Update(args) => args.consent.trust,
            Command::Doctor(args) => args.consent.trust,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &str) -> GlobalArgs {
        let mut matches = Cli::command().try_get_matches_from(words.split(' ')).unwrap();
        Cli::of(&mut matches).unwrap().global
    }

    #[test]
    fn what_every_command_takes_may_stand_anywhere() {
        Cli::command().debug_assert();
        for words in [
            "mlops-lab -C a --pack b --json list",
            "mlops-lab list -C a --pack b --json",
            "mlops-lab --json up -C a --pack b",
            "mlops-lab -C a lab --pack b lint --json",
            "mlops-lab lab -C other test x -C a --pack=b --json",
            "mlops-lab -C other --pack c init serving -C a --pack b --json",
        ] {
            let GlobalArgs { directory, pack, json } = said(words);
            assert_eq!(
                (directory, pack, json),
                (Some("a".into()), Some("b".into()), true),
                "{words}"
            );
        }
        let GlobalArgs { directory, pack, json } = said("mlops-lab undo");
        assert_eq!((directory, pack, json), (None, None, false));
    }

    #[test]
    fn every_command_takes_it() {
        let mut command = Cli::command();
        command.build();
        let mut open: Vec<&clap::Command> = vec![&command];
        let mut seen = 0;
        while let Some(command) = open.pop() {
            open.extend(command.get_subcommands().filter(|below| below.get_name() != "help"));
            let takes = |id| command.get_arguments().any(|argument| argument.get_id() == id);
            assert!(takes("directory") && takes("pack") && takes("json"), "{}", command.get_name());
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}
