//! `rollbook move`: a whole store from a data folder into a PostgreSQL database.

use std::path::PathBuf;

use clap::Args;
use store::transfer::{MovedTable, move_to_postgres};

use super::{effective, print};
use crate::config::StoreUrl;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::opened;

/// `rollbook move`
#[derive(Debug, Args)]
pub struct MoveArgs {
    /// Data folder whose store is moved; it is left as it is
    #[arg(long, value_name = "DIR")]
    from: PathBuf,
    /// Database to move it into, empty or with part of the same move:
    /// postgres://user:password@host:port/database
    #[arg(long, value_name = "URL", env = "ROLLBOOK_STORE_URL", hide_env_values = true)]
    to: String,
    /// Set any setting, over rollbook.toml and the environment; repeatable
    #[arg(long = "set", value_name = "SECTION.KEY=VALUE")]
    settings: Vec<String>,
}

pub(super) fn run(args: MoveArgs) -> Result<(), Failure> {
    let folder = DataFolder::existing(&args.from)?;
    let settings = effective(&folder, &args.settings, Vec::new())?.settings;
    let (url, options) = (StoreUrl::new(args.to), settings.store.postgres_options()?);
    url.check()?;
    opened::must_have_records(&folder)?;
    // What a server wrote meanwhile would be missing.
    let _lock = folder.lock()?;
    let mut say = |table: &MovedTable| eprintln!("{}", line(table));
    let moved = move_to_postgres(&folder.store(), url.secret(), &options, &mut say)
        .map_err(|error| opened::database_failed(&url, error))?;
    let rows: u64 = moved.iter().map(|table| table.rows).sum();
    print(&format!(
        "{rows} rows of {} tables are in {url}, each table compared with its source\n\
         next: set store.url in {}, and start the server; files that jobs made stay where they are\n",
        moved.len(),
        folder.settings().display()
    ))
}

fn line(table: &MovedTable) -> String {
    let note = if table.was_there { "  (moved before)" } else { "" };
    format!("{:<28} {:>12} rows  {}{note}", table.name, table.rows, &table.sha256[..16])
}
