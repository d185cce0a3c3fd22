//! `restart`: start services again, with the settings and files of now.

use super::up::{self, Running};
use super::{Session, consent};
use crate::cli;
use crate::error::Result;
use crate::runtime::Restart;

pub(super) fn run(session: &Session, args: &cli::Restart) -> Result<Running> {
    let restart =
        if args.services.is_empty() { Restart::All } else { Restart::Only(args.services.clone()) };
    up::with(session, &consent::trusted_workspace(session)?, &args.up, restart)
}
