//! `rollbook worker`: runs jobs beside a server on its data folder, or on another node with the
//! same database.

use clap::Args;
use mirror::Role;

use super::serve::{self, Reload};
use super::{effective, print};
use crate::cli::DataArgs;
use crate::config::{LogFormat, Settings};
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::{logging, opened};

/// `rollbook worker`
#[derive(Debug, Args)]
pub struct WorkerArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Format of log lines [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

pub(super) fn run(args: WorkerArgs) -> Result<(), Failure> {
    let folder = DataFolder::at(&args.data.data);
    let reload: &Reload<'_> = &|| -> Result<Settings, Failure> {
        let flags = serve::log_flag(args.log_format).into_iter().collect();
        Ok(effective(&folder, &args.data.settings, flags)?.settings)
    };
    let settings = reload()?;
    super::existing(&folder, &settings)?;
    logging::install(&settings.log)?;
    let store = opened::open_store(&folder, &settings)?;
    let reads = opened::open_reads(&folder, &settings, &store, Role::Reader)?;
    let files = opened::files(&folder, &settings, &store)?;
    let parts = serve::parts(&folder, store, &reads, files, &settings);
    serve::work(parts, reload, || print("working\n"))
}
