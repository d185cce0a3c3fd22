//! The command line as types. What the commands do lives in `commands`.

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
#[command(after_help = "\
Exit codes:
  0 done · 1 no, or not yet · 2 usage · 3 cannot tell, or broken environment
  70 a bug · 130 interrupted

Examples:
  mlops-lab list
  mlops-lab init serving --up
  mlops-lab -C serving-lab check --watch")]
pub struct Cli {
    /// The command.
    #[command(subcommand)]
    pub command: Command,
    /// What every command takes, before its name and after it.
    #[command(flatten)]
    pub global: GlobalArgs,
}

/// What every command takes.
#[derive(Clone, Debug, Default, Args)]
pub struct GlobalArgs {
    /// Run as if started in this folder.
    #[arg(short = 'C', long = "directory", value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Add the labs of this pack (a folder with labs/ and templates/). Repeatable; for packs that
    /// are always there, set MLOPS_LAB_PACKS=DIR:DIR.
    #[arg(long, value_name = "DIR")]
    pub pack: Vec<PathBuf>,
    /// Print one JSON value on stdout.
    #[arg(long)]
    pub json: bool,
}

impl Cli {
    /// Parses the command line of this process. Does not return when it is wrong or asks for help.
    pub fn read() -> Cli {
        Cli::of(&mut Cli::command().get_matches()).unwrap_or_else(|error| error.exit())
    }

    /// The command line behind the matches.
    ///
    /// # Errors
    /// Those of clap.
    pub fn of(matches: &mut ArgMatches) -> Result<Cli, clap::Error> {
        let mut global = GlobalArgs::default();
        // What follows the command takes precedence over what precedes it; packs add up.
        let mut level = Some(&*matches);
        while let Some(matches) = level {
            let GlobalArgs { directory, pack, json } = GlobalArgs::from_arg_matches(matches)?;
            global = GlobalArgs {
                directory: directory.or(global.directory),
                pack: [global.pack, pack].concat(),
                json: json || global.json,
            };
            level = matches.subcommand().map(|(_, below)| below);
        }
        Ok(Cli { global, ..Cli::from_arg_matches_mut(matches)? })
    }
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the labs.
    #[command(after_help = "\
Examples:
  mlops-lab list
  mlops-lab --pack ./pack list --json")]
    List(Deferred<NoArgs>),
    /// Show what a lab teaches, needs and costs.
    Show(Deferred<Show>),
    /// Write a lab into a new folder.
    Init(Deferred<Init>),
    /// Download what a lab installs, for a machine without a network.
    Fetch(Deferred<Fetch>),
    /// Show what you changed since `init`.
    #[command(after_help = "\
Examples:
  mlops-lab diff
  mlops-lab diff > my-changes.patch")]
    Diff(Deferred<NoArgs>),
    /// Update the lab to this version of the program or its pack; your changes are kept.
    Update(Deferred<Update>),
    /// Undo the last update.
    #[command(after_help = "\
Examples:
  mlops-lab undo
  mlops-lab undo && mlops-lab diff")]
    Undo(Deferred<NoArgs>),
    /// Start the lab; on a running lab, restart what changed.
    Up(Deferred<Up>),
    /// Restart services.
    Restart(Deferred<Restart>),
    /// Stop everything that the lab started.
    Down(Deferred<Down>),
    /// Show what runs.
    Status(Deferred<Status>),
    /// Show the output of the services.
    Logs(Deferred<Logs>),
    /// Open the lab in the browser; in a pipe, print the address.
    Open(Deferred<Open>),
    /// Check the live system and report which steps are done.
    Check(Deferred<Check>),
    /// Show the next hint for the current step.
    Hint(Deferred<Hint>),
    /// Do a step for you; files of yours that it replaces are kept in .mlops-lab/backup.
    Solve(Deferred<Solve>),
    /// Break something in the running lab, for you to find and fix.
    Break(Deferred<Break>),
    /// Check this machine: what is missing, why, and how to fix it.
    Doctor(Deferred<Doctor>),
    /// Make and remove a cluster on this machine: up, down, status.
    Cluster(LocalCluster),
    /// Write labs of your own: new, lint, test.
    Lab(Lab),
    /// Print a completion script.
    Completions(Deferred<Completions>),
    /// Write the man pages into a folder; without one, print the first page.
    Man(Deferred<Man>),
    /// Run a program, and start it again whenever it ends.
    #[command(name = "__supervise", hide = true)]
    Supervise(Deferred<Program>),
    /// Write standard input to a log of bounded size.
    #[command(name = "__write-log", hide = true)]
    WriteLog(Deferred<Program>),
    /// Start a process that outlives us and record which one it is.
    #[command(name = "__launch", hide = true)]
    Launch(Deferred<Program>),
}

impl Command {
    /// Whether `--trust` was given.
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

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::of(&mut Cli::command().try_get_matches_from(line.split_whitespace())?)
    }

    /// All commands that people see, the program itself among them.
    fn commands() -> Vec<clap::Command> {
        let mut root = Cli::command();
        root.build();
        let mut all = vec![root];
        let mut next = 0;
        while let Some(command) = all.get(next) {
            let shown = |below: &&clap::Command| !below.is_hide_set() && below.get_name() != "help";
            let below: Vec<_> = command.get_subcommands().filter(shown).cloned().collect();
            all.extend(below);
            next += 1;
        }
        all
    }

    #[test]
    fn global_arguments_may_stand_anywhere() {
        Cli::command().debug_assert();
        for line in [
            "mlops-lab -C a --pack b --json list",
            "mlops-lab list -C a --pack b --json",
            "mlops-lab --json up -C a --pack b",
            "mlops-lab -C a lab --pack b lint --json",
            "mlops-lab lab -C other test x -C a --pack=b --json",
            "mlops-lab -C other init serving -C a --pack b --json",
        ] {
            let GlobalArgs { directory, pack, json } = parse(line).unwrap().global;
            assert_eq!(
                (directory, pack, json),
                (Some("a".into()), vec!["b".into()], true),
                "{line}"
            );
        }
        let GlobalArgs { directory, pack, json } = parse("mlops-lab undo").unwrap().global;
        assert_eq!((directory, pack, json), (None, Vec::new(), false));
        let line = "mlops-lab --pack a --pack b init serving --pack c";
        let packs = parse(line).unwrap().global.pack;
        assert_eq!(packs, ["a", "b", "c"].map(PathBuf::from));
    }

    #[test]
    fn every_command_takes_the_global_arguments() {
        let commands = commands();
        assert!(commands.len() > 20, "{}", commands.len());
        for command in &commands {
            let takes = |id| command.get_arguments().any(|argument| argument.get_id() == id);
            assert!(takes("directory") && takes("pack") && takes("json"), "{}", command.get_name());
        }
    }

    #[test]
    fn the_help_of_every_command_has_examples_that_parse_and_fit_into_80_columns() {
        for command in &mut commands() {
            let help = command.render_help().to_string();
            let examples = help.split_once("\nExamples:\n").map_or("", |(_, examples)| examples);
            assert!(!examples.trim().is_empty(), "{} has no examples", command.get_name());
            for line in examples.lines() {
                assert!(line.chars().count() <= 80, "{line}");
                let typed = &line[line.find("mlops-lab").unwrap()..];
                let typed = typed.split([')', '>', '|', '#']).next().unwrap_or_default();
                for typed in typed.split("&&") {
                    assert!(parse(typed).is_ok(), "{line}: {}", parse(typed).unwrap_err());
                }
            }
        }
    }

    #[test]
    fn former_names_of_options_are_still_accepted() {
        assert!(parse("mlops-lab update --settle a=skip").is_ok());
        assert!(parse("mlops-lab init x --on-conflict skip --settle a=skip").is_ok());
        assert!(parse("mlops-lab doctor --within 2s").is_ok());
    }
}
