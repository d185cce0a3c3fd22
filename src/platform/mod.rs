//! The only place that touches the machine: processes, network, files, terminal, clock.

pub mod clock;
pub mod disk_space;
pub mod environment;
mod escape;
pub mod fs;
pub mod host;
pub mod inside;
mod interruptible;
pub mod kubeconfig;
pub mod listening;
pub mod net;
pub mod owner;
pub mod panic;
pub mod process;
pub mod prompt;
pub mod prose;
pub mod term;
pub mod user_state;
pub mod watchdog;
pub mod world;
