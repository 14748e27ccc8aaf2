//! `rollbook adopt-files`: replaces the folder with the files of jobs.

use app::jobs::{FilesFolder, UnmarkedFolder};
use clap::Args;

use super::{open_folder, print};
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::opening;

/// `rollbook adopt-files`
#[derive(Debug, Args)]
pub struct AdoptFilesArgs {
    #[command(flatten)]
    data: DataArgs,
}

pub(crate) fn run(args: AdoptFilesArgs) -> Result<(), Failure> {
    let (folder, settings) = open_folder(&args.data)?;
    let store = opening::open_store(&folder, &settings)?;
    let path = opening::files_folder_path(&folder, &settings);
    let adopted = FilesFolder::open(&path, store.as_ref(), UnmarkedFolder::Replaced);
    adopted.map_err(|error| opening::files_failed(&path, error))?;
    print(&format!(
        "{} is now the shared file folder; nodes with another folder will not start\n",
        path.display()
    ))
}
