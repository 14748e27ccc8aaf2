//! Migrates a database to the schema that this program knows. Migrations are numbered SQL files;
//! each runs once, all in one transaction. Nodes that start at the same time wait for each other.

use super::connections::{PostgresConnections, PostgresSession};
use super::row::get;
use crate::error::StoreError;

/// The migrations in order. The position in the list, from 1, is the schema version after it.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_tables.sql"),
    include_str!("../../migrations/postgres/0002_turns.sql"),
];

/// Lets only one node migrate at a time. The number is "Roll" in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1383033964)";
const HAS_VERSION: &str = "SELECT to_regclass('rollbook_schema') IS NOT NULL";
const CREATE_VERSION: &str = "CREATE TABLE rollbook_schema (version BIGINT NOT NULL); \
    INSERT INTO rollbook_schema (version) VALUES (0)";
const VERSION: &str = "SELECT version FROM rollbook_schema";
const SET_VERSION: &str = "UPDATE rollbook_schema SET version = $1";

/// Returns the newest schema version that this program knows.
fn newest() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}

/// Migrates to the newest version.
pub(super) fn migrate(engine: &PostgresConnections) -> Result<(), StoreError> {
    if version(&engine.lookup()?)? == newest() {
        return Ok(());
    }
    let transaction = engine.begin_long_write()?;
    transaction.run_script("wait for another migration", LOCK)?;
    let found = version(&transaction)?;
    if found > newest() {
        return Err(StoreError::SchemaTooNew { found, known: newest() });
    }
    if found == 0 {
        transaction.run_script("migrate", CREATE_VERSION)?;
    }
    let done = usize::try_from(found).unwrap_or_default();
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.run_script("migrate", migration)?;
    }
    transaction.run("note the schema version", SET_VERSION, &[&newest()])?;
    transaction.commit("migrate")
}

/// Returns the schema version of the database; 0 if it has no tables yet.
fn version(session: &PostgresSession<'_>) -> Result<i64, StoreError> {
    let context = "read the schema version";
    if !get::<bool>(&session.one(context, HAS_VERSION, &[])?, 0)? {
        return Ok(0);
    }
    get(&session.one(context, VERSION, &[])?, 0)
}
