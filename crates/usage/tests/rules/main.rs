//! Tests of the usage crate from outside: the specification's vectors, properties, and a slow
//! reference.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod batch;
mod counting;
mod differential;
mod encodings;
mod explanations;
mod generate;
mod periods;
mod properties;
mod reference;
mod rows;
mod scenario;
mod upgrades;
mod vectors;
