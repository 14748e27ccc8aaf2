//! `rollbook backup`: everything in a data folder, copied while it is in use.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{open, print};
use crate::cli::DataArgs;
use crate::failure::{Doing, Failure};
use crate::folder::DataFolder;
use crate::opened;
use crate::terminal::counted;

/// `rollbook backup`
#[derive(Debug, Args)]
pub struct BackupArgs {
    #[command(flatten)]
    data: DataArgs,
    /// New folder for the backup; it is a data folder, on which a server can be started
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Leave out the files of reports and exports
    #[arg(long)]
    without_files: bool,
}

pub(super) fn run(args: BackupArgs) -> Result<(), Failure> {
    let (folder, settings) = open(&args.data)?;
    if let Some(url) = &settings.store.url {
        return Err(Failure::new(format!("the records are in {url}, not in the folder"))
            .hint("copy the database with pg_dump, as deploy/backup.sh does"));
    }
    if args.to.exists() {
        let message = format!("{} already exists", args.to.display());
        return Err(Failure::new(message).hint("give a folder that does not exist yet"));
    }
    let store = opened::open_store(&folder, &settings)?;
    let unfinished = unfinished(&args.to)?;
    store.backup(&unfinished.store())?;
    if folder.settings().exists() {
        let settings = unfinished.settings();
        fs::copy(folder.settings(), &settings).doing(|| "copy the settings".to_owned())?;
    }
    let mut copied = 0;
    if !args.without_files {
        // After the store, which names them: what it names is there, unless its time was over.
        let files = opened::files(&folder, &settings, &store)?;
        let to = unfinished.files();
        copied = files.copy(&to).doing(|| format!("copy the files to {}", to.display()))?;
    }
    fs::rename(unfinished.path(), &args.to).doing(|| format!("make {}", args.to.display()))?;
    let files = counted(copied, "file");
    print(&format!("{} is complete, with {files} of reports and exports\n", args.to.display()))
}

/// What is copied to, until all of it is there.
fn unfinished(to: &Path) -> Result<DataFolder, Failure> {
    let mut name = to.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".unfinished");
    let path = to.with_file_name(name);
    if path.exists() {
        fs::remove_dir_all(&path).doing(|| format!("remove {}", path.display()))?;
    }
    DataFolder::created(&path)
}
