//! `rollbook worker`: runs jobs beside a server on its data folder, or on another node with the
//! same database.

use clap::Args;
use mirror::MirrorRole;

use super::serve::{self, ReadSettings};
use super::{effective_settings, print};
use crate::config::{LogFormat, ProgramSettings};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::{logging, opening};

/// `rollbook worker`
#[derive(Debug, Args)]
pub struct WorkerArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Format of log lines [default: text]
    #[arg(long, value_enum, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

pub(crate) fn run(args: WorkerArgs) -> Result<(), Failure> {
    let folder = DataFolder::at(&args.data.data);
    let reload: &ReadSettings<'_> = &|| -> Result<ProgramSettings, Failure> {
        let flags = serve::log_flag(args.log_format).into_iter().collect();
        Ok(effective_settings(&folder, &args.data.settings, flags)?.settings)
    };
    let settings = reload()?;
    super::require_folder(&folder, &settings)?;
    logging::install(&settings.log)?;
    let store = opening::open_store(&folder, &settings)?;
    let reads = opening::open_mirror(&folder, &settings, &store, MirrorRole::Reader)?;
    let files = opening::open_files_folder(&folder, &settings, &store)?;
    let parts = serve::app_parts(&folder, store, &reads, files, &settings);
    serve::run_worker(parts, reload, || print("working\n"))
}
