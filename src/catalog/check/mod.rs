//! Checks as data: one probe with what is expected of it. Read once; what does not fit is refused.

mod expect;
mod probes;
mod raw;
mod raw_probes;
mod rule;
mod spec;

pub use expect::{
    CommandExpect, Content, FileExpect, HttpExpect, Json, KubernetesExpect, MetricExpect, TcpExpect,
};
pub use probes::{
    Body, CommandProbe, FileProbe, HttpProbe, KubernetesProbe, MetricProbe, Objects, TcpProbe,
};
pub use rule::Match;
pub use spec::{CheckSpec, Probe};

#[cfg(test)]
mod tests;
