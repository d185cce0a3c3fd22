//! mlops-lab: a lab bench for DevOps engineers who move into MLOps.
#![allow(dead_code)]
mod catalog;
mod check;
mod error;
mod platform;
mod workspace;

fn main() {}
