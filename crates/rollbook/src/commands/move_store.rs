//! `rollbook move`: copies a whole store from a data folder to a PostgreSQL database.

use std::path::PathBuf;

use clap::Args;
use store::store_move::{MovedTable, MovedTableState, TableDigest, move_to_postgres};

use super::{effective_settings, print};
use crate::config::StoreUrl;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::opening;
use crate::terminal::say;

/// `rollbook move`
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// Data folder to move; it is left unchanged
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Database to move it to, empty or holding an interrupted move of the same folder:
    /// postgres://user:password@host:port/database
    #[arg(long, value_name = "URL", env = "ROLLBOOK_STORE_URL", hide_env_values = true)]
    to: String,
    /// Override a setting of rollbook.toml and the environment; repeatable
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<String>,
}

pub(crate) fn run(args: MoveArgs) -> Result<(), Failure> {
    let folder = DataFolder::existing(&args.from)?;
    let settings = effective_settings(&folder, &args.settings, Vec::new())?.settings;
    let (url, options) = (StoreUrl::new(args.to), settings.store.postgres_options()?);
    url.check()?;
    opening::require_store(&folder)?;
    // Rows that a server writes during the move would be missing from the copy.
    let _lock = folder.lock()?;
    let mut told = |table: &MovedTable| say(&line(table));
    let moved = move_to_postgres(&folder.store(), url.secret(), &options, &mut told)
        .map_err(|error| opening::database_failed(&url, error))?;
    let rows: u64 = moved.tables.iter().map(|table| table.content.rows).sum();
    let count = moved.tables.len();
    let used: Vec<_> =
        moved.tables.iter().filter(|table| table.state == MovedTableState::ChangedSince).collect();
    let used = used.iter().map(|table| table.name).collect::<Vec<_>>().join(", ");
    print(&match (moved.was_finished, used.as_str()) {
        (false, _) => format!(
            "{rows} rows of {count} tables are in {url}, each table compared with its source\n\
             next: set store.url in {}, and start the server; files that jobs made stay where they are\n",
            folder.settings().display()
        ),
        (true, "") => format!(
            "already moved: {rows} rows of {count} tables are in {url}, each table compared with \
             its source again\n"
        ),
        (true, used) => format!("already moved, and used since: {used} have changed in {url}\n"),
    })
}

fn line(table: &MovedTable) -> String {
    let note = match table.state {
        MovedTableState::Copied => "",
        MovedTableState::CopiedBefore => "  (moved before)",
        MovedTableState::ChangedSince => "  (moved before, changed there since)",
    };
    let TableDigest { rows, sha256 } = &table.content;
    format!("{:<28} {rows:>12} rows  {}{note}", table.name, &sha256[..16])
}
