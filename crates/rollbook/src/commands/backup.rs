//! `rollbook backup`: copies everything in a data folder, while it is in use.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use app::last_backup;
use clap::Args;
use model::clock::{Clock, SystemClock};

use super::{open_folder, print};
use crate::config::ProgramSettings;
use crate::data_args::DataArgs;
use crate::failure::{Failure, FailureContext};
use crate::folder::{self, DataFolder};
use crate::opening;
use crate::terminal::count_with_noun;

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

pub(crate) fn run(args: BackupArgs) -> Result<(), Failure> {
    let (folder, settings) = open_folder(&args.data)?;
    if let Some(url) = &settings.store.url {
        return Err(Failure::new(format!("the records are in {url}, not in the folder"))
            .hint("copy the database with pg_dump, as deploy/backup.sh does"));
    }
    if args.to.exists() {
        let message = format!("{} already exists", args.to.display());
        return Err(Failure::new(message).hint("give a folder that does not exist yet"));
    }
    let store = opening::open_store(&folder, &settings)?;
    let unfinished = unfinished_folder(&args.to)?;
    store.backup(&unfinished.store())?;
    check_copy(&unfinished, &settings)?;
    if folder.settings().exists() {
        copy_settings(&folder, &unfinished).doing(|| "copy the settings".to_owned())?;
    }
    let mut copied = 0;
    if !args.without_files {
        // Files are copied after the store that lists them, so only files that expired meanwhile
        // are missing.
        let files = opening::open_files_folder(&folder, &settings, &store)?;
        let to = unfinished.files();
        copied =
            files.copy_published(&to).doing(|| format!("copy the files to {}", to.display()))?;
    }
    fs::rename(unfinished.path(), &args.to).doing(|| format!("make {}", args.to.display()))?;
    let noted = last_backup::record_backup(folder.path(), SystemClock.now());
    noted.doing(|| "note that the copy was made, which it was".to_owned())?;
    let (to, files) = (args.to.display(), count_with_noun(copied, "file"));
    print(&format!("{to} is complete and checked, with {files} of reports and exports\n"))
}

/// Reads the whole copied store, because a copy that cannot be restored is useless.
fn check_copy(copy: &DataFolder, settings: &ProgramSettings) -> Result<(), Failure> {
    match opening::open_store(copy, settings)?.check()?.first() {
        None => Ok(()),
        Some(problem) => Err(Failure::new(format!("the copy is not whole: {problem}"))
            .hint("`rollbook doctor` says whether the store itself is damaged")),
    }
}

/// Copies the settings, which may hold passwords, to a file that only its owner can read.
fn copy_settings(from: &DataFolder, to: &DataFolder) -> io::Result<()> {
    let mut text = File::open(from.settings())?;
    let mut copy = folder::private_file(&to.settings())?;
    io::copy(&mut text, &mut copy)?;
    copy.sync_all()
}

/// Returns the temporary folder that receives the copy until it is complete.
fn unfinished_folder(to: &Path) -> Result<DataFolder, Failure> {
    let mut name = to.file_name().map_or_else(OsString::new, OsString::from);
    name.push(".unfinished");
    let path = to.with_file_name(name);
    if path.exists() {
        fs::remove_dir_all(&path).doing(|| format!("remove {}", path.display()))?;
    }
    DataFolder::created(&path)
}
