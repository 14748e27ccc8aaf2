//! Things that tests of several crates start or make. Never part of the
//! program.
//!
//! | module | holds |
//! | --- | --- |
//! | [`postgres`] | throw-away PostgreSQL clusters and databases |
//! | [`literal_tables`] | sessions over tables that stand in the test |
//! | [`jwt`] | JWTs that a server of the tests believes |

// Everything here is for tests: what goes wrong ends the test.
#![expect(clippy::unwrap_used)]

pub mod jwt;
pub mod literal_tables;
pub mod postgres;
