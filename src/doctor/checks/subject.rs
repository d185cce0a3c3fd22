//! What the registry knows of a subject: its kinds of checks, and which of them a demand needs.

use crate::doctor::check::{BoxedCheck, Check, Class};
use crate::doctor::kind::Kind;
use crate::doctor::scope::{Demand, Scope};

/// The checks of one file.
#[derive(Clone, Copy)]
pub(in crate::doctor) struct Subject {
    /// All kinds that there are, in the order of the report.
    pub(in crate::doctor) entries: fn() -> Vec<Entry>,
    /// What one lab in one runtime needs of them.
    pub(in crate::doctor) checks: fn(&Demand, &Scope) -> Vec<BoxedCheck>,
}

/// A kind of check, and all classes that it can have but `ok` and `blocked`.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What it is called.
    pub kind: &'static Kind,
    /// Its classes.
    pub classes: Vec<&'static str>,
}

/// The entry of a check's own kind.
pub(super) fn entry<C: Check>() -> Entry {
    entry_of::<C>(C::KIND)
}

/// The entry of another kind with the same check.
pub(super) fn entry_of<C: Check>(kind: &'static Kind) -> Entry {
    Entry { kind, classes: C::Class::names() }
}
