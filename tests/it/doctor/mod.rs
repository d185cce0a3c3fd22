//! Every case of the doctor with the injected thing real: programs that misbehave, sockets that
//! hang, servers that refuse.
mod bench;
mod cluster;
mod engine;
mod host;
mod programs;
mod report;
