//! `rollbook doctor`: checks a data folder and suggests how to repair it.
//!
//! | module | checks |
//! | --- | --- |
//! | `modes` | access of other users to the stored data |
//! | `files` | the files of finished jobs |
//! | `notices` | the mail server and webhooks |
//! | `books` | issues that the ledger has with records |
//! | `finding` | the result of one check, with its level |

mod books;
mod files;
mod finding;
mod modes;
mod notices;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use app::jobs::free_bytes;
use app::last_backup;
use clap::{Args, ValueEnum};
use mirror::MirrorRole;
use model::clock::{Clock, SystemClock};
use model::time::Instant;
use store::Store;

use self::finding::{Finding, FindingLevel};
use super::{effective_settings, print};
use crate::config::ProgramSettings;
use crate::data_args::DataArgs;
use crate::failure::Failure;
use crate::folder::{DataFolder, FolderUse};
use crate::terminal::count_with_noun;
use crate::{build_info, logging, opening};

/// Free space below which imports and refreshes are likely to fail, in bytes.
const FREE_BYTES_MIN: u64 = 1 << 30;
/// Earliest plausible time; a clock before 2025 has never been set.
const CLOCK_MIN: Instant = Instant::from_micros(1_735_689_600_000_000);
/// Number of seconds that the store's file may be dated after the clock before the clock is
/// doubted.
const FUTURE_SECONDS_MAX: i64 = 120;
/// Age in days above which a backup counts as too old.
const BACKUP_DAYS_MAX: i64 = 7;

/// Remedy for a store that cannot be read.
const RESTORE: &str = "stop the server, keep a copy of the folder, and restore the last good \
                       backup with deploy/restore.sh";

/// `rollbook doctor`
#[derive(Debug, Args)]
#[command(
    after_help = "Each line begins with a level: ok, note (worth knowing), WARNING (it works, somebody \
                  should look at it) or WRONG (it does not work). The exit status is 1 when \
                  something is WRONG, otherwise 0: records that look wrong are warnings."
)]
pub struct DoctorArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Look at the system only, or at the records only [default: both]
    #[arg(long, value_enum, value_name = "AREA")]
    only: Option<Area>,
    /// Exit with 1 for warnings too, as for records that look wrong
    #[arg(long)]
    strict: bool,
    /// Also compare every row of the mirror with the store
    #[arg(long)]
    full: bool,
}

/// A group of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Area {
    /// Folder, store, mirror, files, settings, clock, mail and webhooks
    System,
    /// Faults in the records, as the ledger finds them
    Records,
}

pub(crate) fn run(args: DoctorArgs) -> Result<(), Failure> {
    let folder = DataFolder::existing(&args.data.data)?;
    let is_asked_for = |area| args.only.is_none_or(|only| only == area);
    let (settings, configuration) =
        match effective_settings(&folder, &args.data.settings, Vec::new()) {
            Ok(effective) => {
                let good = Finding::good("configuration", "every setting is usable");
                (effective.settings, good)
            }
            Err(failure) => {
                let otherwise = "correct rollbook.toml, the variable or the flag that it names";
                let wrong = Finding::check_failed("configuration", &failure, otherwise);
                (ProgramSettings::default(), wrong)
            }
        };
    let quiet = crate::config::LogSettings { filter: "error".to_owned(), ..settings.log.clone() };
    logging::install(&quiet)?;
    let mut findings = Vec::new();
    if is_asked_for(Area::System) {
        findings.push(Finding::good("program", build_info::VERSION));
        findings.push(check_permissions(&folder));
        findings.extend(check_disks(&folder, &settings));
        findings.extend(modes::check_modes(&folder, &settings));
        findings.push(configuration);
        findings.push(check_clock(&folder));
        findings.push(check_server(&folder));
        findings.push(check_backup(&folder));
        findings.extend(notices::check_mail(&settings));
    }
    match opening::open_store(&folder, &settings) {
        Err(failure) => findings.push(Finding::check_failed("store", &failure, RESTORE)),
        Ok(store) => {
            if is_asked_for(Area::System) {
                findings.extend(check_store_and_dependents(&folder, &settings, &store, args.full));
            }
            if is_asked_for(Area::Records) {
                findings.extend(books::check_books(&folder, &settings, &store));
            }
        }
    }
    print(&findings.iter().map(Finding::line).collect::<String>())?;
    verdict(&findings, args.strict)
}

/// Fails if a finding is `Wrong`, or if there are warnings and `is_strict` is set.
fn verdict(findings: &[Finding], is_strict: bool) -> Result<(), Failure> {
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let (wrong, warnings) = (count(FindingLevel::Wrong), count(FindingLevel::Warning));
    match (wrong, warnings) {
        (0, 0) => Ok(()),
        (0, 1) if is_strict => Err(Failure::new("there is 1 warning")),
        (0, many) if is_strict => Err(Failure::new(format!("there are {many} warnings"))),
        (0, _) => Ok(()),
        (1, _) => Err(Failure::new("1 thing is wrong")),
        (many, _) => Err(Failure::new(format!("{many} things are wrong"))),
    }
}

fn check_permissions(folder: &DataFolder) -> Finding {
    match tempfile::tempfile_in(folder.path()) {
        Ok(_) => Finding::good("folder", format!("{} can be written", folder.path().display())),
        Err(error) => Finding::wrong(
            "folder",
            format!("{} cannot be written: {error}", folder.path().display()),
            "give the folder to the user that runs rollbook",
        ),
    }
}

/// Checks the disk of the data folder, and that of the files if they are elsewhere.
fn check_disks(folder: &DataFolder, settings: &ProgramSettings) -> Vec<Finding> {
    let files = settings.files.dir.as_deref().filter(|files| files.exists());
    std::iter::once(folder.path()).chain(files).map(check_disk).collect()
}

fn check_disk(path: &Path) -> Finding {
    let (subject, shown) = ("disk space", path.display());
    match free_bytes(path) {
        Err(error) => {
            let state = format!("of {shown} cannot be told: {error}");
            Finding::wrong(subject, state, "check that the disk is mounted")
        }
        Ok(free) => {
            let state = format!("{} MiB free for {shown}", free >> 20);
            if free < FREE_BYTES_MIN {
                Finding::wrong(subject, state, "free some space, at least 1 GiB")
            } else {
                Finding::good(subject, state)
            }
        }
    }
}

/// Checks the age of the last backup.
fn check_backup(folder: &DataFolder) -> Finding {
    let subject = "backup";
    let remedy = "make one every day: deploy/rollbook-backup.timer, or `rollbook backup` from cron";
    let Some(at) = last_backup::read_last_backup(folder.path()) else {
        return Finding::note(subject, format!("none was noted yet; {remedy}"));
    };
    match (SystemClock.now().seconds() - at.seconds()) / 86_400 {
        days if days > BACKUP_DAYS_MAX => {
            Finding::warning(subject, format!("the last one is {days} days old ({at})"), remedy)
        }
        _ => Finding::good(subject, format!("the last one was made at {at}")),
    }
}

fn check_clock(folder: &DataFolder) -> Finding {
    let now = SystemClock.now();
    let written = fs::metadata(folder.store())
        .and_then(|metadata| metadata.modified())
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_secs().cast_signed());
    let remedy = "set the machine's clock (NTP)";
    if now < CLOCK_MIN {
        return Finding::wrong("clock", format!("it says {now}, which cannot be"), remedy);
    }
    if written > now.seconds() + FUTURE_SECONDS_MAX {
        let state = format!("it says {now}, but the store was written later");
        return Finding::wrong("clock", state, remedy);
    }
    Finding::good("clock", now.to_string())
}

fn check_server(folder: &DataFolder) -> Finding {
    match folder.in_use() {
        Ok(FolderUse::No) => Finding::good("server", "none runs on this folder"),
        Ok(FolderUse::By(id)) => {
            Finding::good("server", format!("process {id} serves this folder"))
        }
        Err(failure) => Finding::check_failed(
            "server",
            &failure,
            "give the folder to the user that runs rollbook",
        ),
    }
}

/// Checks the store, and the files and mirror that belong to it.
fn check_store_and_dependents(
    folder: &DataFolder,
    settings: &ProgramSettings,
    store: &Arc<dyn Store>,
    is_full: bool,
) -> Vec<Finding> {
    let mut findings = vec![store_state(store.as_ref())];
    findings.push(files::check_files(folder, settings, store.as_ref()));
    findings.extend(notices::check_webhooks(store.as_ref(), settings));
    findings.push(files_state(folder, settings, store));
    let mirror = mirror_state(folder, settings, store, is_full);
    findings.push(mirror.unwrap_or_else(|failure| {
        Finding::check_failed("mirror", &failure, "mend what is wrong with the store first")
    }));
    findings
}

fn store_state(store: &dyn Store) -> Finding {
    let look = || {
        let problems = store.check()?;
        Ok::<_, store::StoreError>((problems, store.revision()?))
    };
    match look() {
        Err(error) => Finding::check_failed("store", &error.into(), RESTORE),
        Ok((problems, revision)) => match problems.first() {
            None => Finding::good("store", format!("consistent, at revision {revision}")),
            Some(first) => Finding::wrong(
                "store",
                format!("{} problems, the first: {first}", problems.len()),
                RESTORE,
            ),
        },
    }
}

fn files_state(folder: &DataFolder, settings: &ProgramSettings, store: &Arc<dyn Store>) -> Finding {
    let (subject, path) = ("files folder", opening::files_folder_path(folder, settings));
    if !path.exists() {
        return Finding::good(subject, "none yet");
    }
    match opening::open_files_folder(folder, settings, store) {
        Ok(_) => Finding::good(subject, format!("{} is the store's", path.display())),
        Err(failure) => {
            Finding::check_failed(subject, &failure, "mend what is wrong with the store first")
        }
    }
}

fn mirror_state(
    folder: &DataFolder,
    settings: &ProgramSettings,
    store: &Arc<dyn Store>,
    is_full: bool,
) -> Result<Finding, Failure> {
    let reads = opening::open_mirror(folder, settings, store, MirrorRole::Reader)?;
    let rebuild = format!(
        "a server mends it by itself; without one: rollbook mirror rebuild --data {}",
        folder.path().display()
    );
    if is_full {
        let report = reads.mirror.verify()?;
        if !report.is_clean() {
            let first = report.differences.first().cloned().unwrap_or_default();
            let state = format!("{} differences, the first: {first}", report.difference_count);
            return Ok(Finding::wrong("mirror", state, rebuild));
        }
        return Ok(Finding::good("mirror", format!("{} rows as in the store", report.rows)));
    }
    let status = reads.mirror.status()?;
    let (covered, stored) = (status.covered, status.store_revision);
    if covered > stored {
        let state = format!("it covers revision {covered}, the store is only at {stored}");
        return Ok(Finding::wrong("mirror", state, rebuild));
    }
    let damaged = reads.mirror.damaged_files();
    if let Some(first) = damaged.first() {
        let files = count_with_noun(damaged.len() as u64, "damaged file");
        let state = format!("{files}, the first: {first}");
        return Ok(Finding::wrong("mirror", state, rebuild));
    }
    let state = format!("covers revision {covered} of {stored}; the rest is read from the store");
    Ok(Finding::good("mirror", state))
}
