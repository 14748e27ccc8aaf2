//! Tests of the mirror over a store in memory.
//!
//! | module | holds |
//! | --- | --- |
//! | `memory` | a store in memory whose snapshots cost nothing |
//! | `bench` | a mirror in a temporary folder, and its rows compared with the store's |
//! | `sessions` | the rows that sessions see |
//! | `refreshing` | refreshes while others read |
//! | `damage` | torn, foreign and outdated mirrors |
//! | `large` | scans that threads share, and first rows in an order |
//! | `plans` | plans that fail, wait or are stopped |
//! | `random` | random operations against the store |
//! | `sqlite` | the mirror over the SQLite store |

mod bench;
mod damage;
mod large;
mod memory;
mod plans;
mod random;
mod refreshing;
mod sessions;
mod sqlite;
