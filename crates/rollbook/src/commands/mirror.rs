//! `rollbook mirror`: shows, refreshes, rebuilds and verifies the mirror.

use clap::{Args, Subcommand};
use mirror::{Mirror, MirrorError, MirrorRole, MirrorStatus};

use super::{ListFormat, list_format, print, to_json};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::folder::FolderUse;
use crate::opening;
use crate::terminal::{self, count_with_noun, say};

/// `rollbook mirror`
#[derive(Debug, Args)]
pub struct MirrorArgs {
    #[command(subcommand)]
    action: MirrorCommand,
}

#[derive(Debug, Subcommand)]
enum MirrorCommand {
    /// Show up to which revision of the records the mirror is complete
    Status {
        #[command(flatten)]
        data: DataArgs,
        /// Output format [default: table on a terminal, else json]
        #[arg(long, value_enum)]
        format: Option<ListFormat>,
    },
    /// Bring the mirror up to date, writing only what has changed
    Refresh(DataArgs),
    /// Write the mirror again from the records
    Rebuild(DataArgs),
    /// Compare every row of the mirror with the records
    Verify(DataArgs),
}

pub(crate) fn run(args: MirrorArgs) -> Result<(), Failure> {
    match args.action {
        MirrorCommand::Status { data, format } => {
            with_mirror(&data, MirrorRole::Reader, |mirror| {
                mirror.read_changes()?;
                let status = mirror.status()?;
                match list_format(format) {
                    ListFormat::Json => print(&to_json(&status)?),
                    ListFormat::Table => print(&table(&status)),
                }
            })
        }
        MirrorCommand::Refresh(data) => with_mirror(&data, MirrorRole::Writer, |mirror| {
            say("refreshing");
            print(&to_json(&mirror.refresh()?)?)
        }),
        MirrorCommand::Rebuild(data) => with_mirror(&data, MirrorRole::Writer, |mirror| {
            say("rebuilding");
            print(&to_json(&mirror.rebuild()?)?)
        }),
        MirrorCommand::Verify(data) => with_mirror(&data, MirrorRole::Reader, verify),
    }
}

fn with_mirror(
    args: &DataArgs,
    role: MirrorRole,
    work: impl FnOnce(&Mirror) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let (folder, settings) = super::open_folder(args)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, role);
    if let (Err(_), MirrorRole::Writer, FolderUse::By(id)) = (&reads, role, folder.in_use()?) {
        let message = format!("the server with process {id} keeps the mirror of this folder");
        return Err(Failure::new(message)
            .hint("it refreshes the mirror itself; to do it by hand, stop the server"));
    }
    work(&reads?.mirror)
}

fn verify(mirror: &Mirror) -> Result<(), Failure> {
    say("comparing every row with the records");
    let report = mirror.verify().map_err(|error: MirrorError| Failure::from(error))?;
    print(&to_json(&report)?)?;
    if report.is_clean() {
        return Ok(());
    }
    let message = format!(
        "the mirror differs from the records in {}",
        count_with_noun(report.difference_count, "place")
    );
    Err(Failure::new(message).hint("`rollbook mirror rebuild` writes it again from the records"))
}

fn table(status: &MirrorStatus) -> String {
    let rows = status.tables.iter().map(|table| {
        let numbers = [table.rows, table.bytes, table.delta_rows].map(|number| number.to_string());
        let [rows, bytes, delta] = numbers;
        [table.table.to_owned(), table.segments.to_string(), rows, bytes, delta]
    });
    let table = terminal::table(["table", "segments", "rows", "bytes", "delta rows"], rows);
    let (covered, stored) = (status.covered, status.store_revision);
    format!("segments cover revision {covered}, the store is at {stored}\n{table}")
}
