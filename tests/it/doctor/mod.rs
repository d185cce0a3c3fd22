//! Every case of the doctor with the injected thing real: programs that misbehave, sockets that
//! hang, servers that refuse.
mod bench;
mod client;
mod cluster;
mod engine;
mod host;
mod places;
mod programs;
mod report;
