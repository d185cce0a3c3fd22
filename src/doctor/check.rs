//! A check: what it needs, which probes it uses, and how their observations are judged. Judging is
//! pure.

use std::any::Any;
use std::fmt::Debug;

use super::draft::Draft;
use super::kind::Kind;
use super::observations::Observations;
use super::probe::SharedProbe;

/// The results that a check can have besides `ok` and `blocked`: a closed list, whose names are
/// stable. hints.toml has a hint for each, or a reason why there is none.
pub(super) trait Class: Copy + Debug + PartialEq + 'static {
    fn name(self) -> &'static str;

    /// All names.
    fn names() -> Vec<&'static str>;
}

/// Declares the classes of a check, with the names that reports and hints.toml use. `Own: Other`
/// has those of another list as well.
macro_rules! classes {
    ($name:ident { $($variant:ident = $text:literal,)+ }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::doctor) enum $name { $($variant),+ }

        impl $crate::doctor::check::Class for $name {
            fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }

            fn names() -> Vec<&'static str> {
                vec![$($text),+]
            }
        }
    };
    ($name:ident: $other:ident { $($variant:ident = $text:literal,)+ }) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::doctor) enum $name { $other($other), $($variant),+ }

        impl From<$other> for $name {
            fn from(other: $other) -> $name {
                $name::$other(other)
            }
        }

        impl $crate::doctor::check::Class for $name {
            fn name(self) -> &'static str {
                match self {
                    $name::$other(other) => $crate::doctor::check::Class::name(other),
                    $($name::$variant => $text),+
                }
            }

            fn names() -> Vec<&'static str> {
                let mut names = <$other as $crate::doctor::check::Class>::names();
                names.extend([$($text),+]);
                names
            }
        }
    };
}
pub(super) use classes;

/// One check of a lab's need.
pub(super) trait Check: Debug + PartialEq + Send + Sync + 'static {
    /// How it can come out.
    type Class: Class;

    /// What it is called, and where it stands.
    const KIND: &'static Kind;

    fn kind(&self) -> &'static Kind {
        Self::KIND
    }

    /// Its stable id in the report.
    fn id(&self) -> String {
        Check::kind(self).id.to_owned()
    }

    /// The probes that it is judged by. Several checks may share a probe.
    fn probes(&self) -> Vec<SharedProbe>;

    /// The finding that follows from what the probes observed.
    fn judge(&self, observed: &Observations) -> Draft<Self::Class>;

    /// Takes over another demand for the same thing, so that both are one check; false when the
    /// two stay apart.
    fn merge(&mut self, other: &Self) -> bool {
        self == other
    }
}

/// A check of any type.
pub(super) trait AnyCheck: Debug + Send + Sync {
    fn kind(&self) -> &'static Kind;
    fn id(&self) -> String;
    fn probes(&self) -> Vec<SharedProbe>;
    fn judge(&self, observed: &Observations) -> Draft<&'static str>;
    fn merge(&mut self, other: &dyn AnyCheck) -> bool;
    fn as_any(&self) -> &dyn Any;
}

impl<C: Check> AnyCheck for C {
    fn kind(&self) -> &'static Kind {
        Check::kind(self)
    }

    fn id(&self) -> String {
        Check::id(self)
    }

    fn probes(&self) -> Vec<SharedProbe> {
        Check::probes(self)
    }

    fn judge(&self, observed: &Observations) -> Draft<&'static str> {
        Check::judge(self, observed).map(Class::name)
    }

    fn merge(&mut self, other: &dyn AnyCheck) -> bool {
        other.as_any().downcast_ref::<C>().is_some_and(|other| Check::merge(self, other))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// A check as the plan holds it.
pub(super) type BoxedCheck = Box<dyn AnyCheck>;

pub(super) fn check(check: impl Check) -> BoxedCheck {
    Box::new(check)
}
