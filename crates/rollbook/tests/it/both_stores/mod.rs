//! Tests of everything that depends on the store. `scripts/test` runs all of them twice: with the
//! records in SQLite, and with the records in PostgreSQL. A test that reads or writes records
//! through a server or a command belongs here.

pub(crate) mod attack;
pub(crate) mod backup;
pub(crate) mod bad_input;
pub(crate) mod books;
pub(crate) mod crash;
pub(crate) mod damage;
pub(crate) mod differential;
pub(crate) mod exports;
pub(crate) mod imports;
pub(crate) mod jobs;
pub(crate) mod notices;
pub(crate) mod tenancy;
pub(crate) mod usage;
pub(crate) mod usage_report;

use crate::server::{STORE, TestDataFolder};

#[test]
fn records_are_in_the_store_under_test() {
    let data = TestDataFolder::with_provider();
    let is_here = data.folder.path().join("rollbook.db").exists();
    assert_eq!(is_here, std::env::var(STORE).as_deref() != Ok("postgres"));
    assert_ne!(is_here, data.is_over_database());
}
