//! `rollbook doctor`: what is wrong with a folder, and how to mend it.

mod files;
mod notices;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use clap::Args;
use mirror::Role;
use model::clock::{Clock, SystemClock};
use model::time::Instant;
use server::operations::books::{Watch, all_issues};
use store::Store;

use super::{effective, print};
use crate::cli::DataArgs;
use crate::config::Settings;
use crate::failure::Failure;
use crate::folder::{DataFolder, InUse};
use crate::{logging, opened};

/// Below this much free space, imports and refreshes are likely to fail.
const FREE_BYTES_MIN: u64 = 1 << 30;
/// A clock before 2025 was never set.
const CLOCK_MIN: Instant = Instant::from_micros(1_735_689_600_000_000);
/// How far a file may be dated ahead before the clock is in doubt.
const AHEAD_SECONDS_MAX: i64 = 120;

/// `rollbook doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Also compare every row of the mirror with the store
    #[arg(long)]
    full: bool,
}

/// One thing looked at.
struct Finding {
    subject: &'static str,
    state: String,
    /// How to mend it; none when nothing is wrong.
    remedy: Option<String>,
}

impl Finding {
    fn good(subject: &'static str, state: impl Into<String>) -> Self {
        Self { subject, state: state.into(), remedy: None }
    }

    fn bad(subject: &'static str, state: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { subject, state: state.into(), remedy: Some(remedy.into()) }
    }

    fn failed(subject: &'static str, failure: &Failure) -> Self {
        let text = failure.to_text(false);
        let mut lines = text.lines();
        let state = lines.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        let remedy = lines.next_back().and_then(|line| line.strip_prefix("hint: "));
        Self::bad(subject, state, remedy.unwrap_or("see the message"))
    }

    fn line(&self) -> String {
        match &self.remedy {
            None => format!("ok     {:<14} {}\n", self.subject, self.state),
            Some(remedy) => {
                format!(
                    "WRONG  {:<14} {}\n       {:<14} {remedy}\n",
                    self.subject, self.state, "->"
                )
            }
        }
    }
}

pub(super) fn run(args: DoctorArgs) -> Result<(), Failure> {
    let folder = DataFolder::existing(&args.data.data)?;
    let mut findings = vec![permissions(&folder), disk(folder.path())];
    findings.extend(secrecy(&folder));
    let settings = match effective(&folder, &args.data.settings, Vec::new()) {
        Ok(effective) => {
            findings.push(Finding::good("configuration", "every setting is usable"));
            effective.settings
        }
        Err(failure) => {
            findings.push(Finding::failed("configuration", &failure));
            Settings::default()
        }
    };
    let quiet = crate::config::LogSettings { filter: "error".to_owned(), ..settings.log.clone() };
    logging::install(&quiet)?;
    findings.push(clock(&folder));
    findings.push(server(&folder));
    findings.extend(notices::mail(&settings));
    records(&folder, &settings, args.full, &mut findings);
    let lines: String = findings.iter().map(Finding::line).collect();
    print(&lines)?;
    match findings.iter().filter(|finding| finding.remedy.is_some()).count() {
        0 => Ok(()),
        1 => Err(Failure::new("1 thing is wrong")),
        many => Err(Failure::new(format!("{many} things are wrong"))),
    }
}

fn permissions(folder: &DataFolder) -> Finding {
    match tempfile::tempfile_in(folder.path()) {
        Ok(_) => Finding::good("folder", format!("{} can be written", folder.path().display())),
        Err(error) => Finding::bad(
            "folder",
            format!("{} cannot be written: {error}", folder.path().display()),
            "give the folder to the user that runs rollbook",
        ),
    }
}

fn disk(path: &Path) -> Finding {
    match rustix::fs::statvfs(path) {
        Err(error) => Finding::bad(
            "disk space",
            format!("cannot be told: {error}"),
            "check that the disk is mounted",
        ),
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let state = format!("{} MiB free", free >> 20);
            match free < FREE_BYTES_MIN {
                true => Finding::bad("disk space", state, "free some space, at least 1 GiB"),
                false => Finding::good("disk space", state),
            }
        }
    }
}

/// The store holds hashes of tokens and a secret: nobody else should read it.
#[cfg(unix)]
fn secrecy(folder: &DataFolder) -> Option<Finding> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder.store()).ok()?.permissions().mode() & 0o777;
    Some(match mode & 0o077 {
        0 => Finding::good("store file", "only its owner can read it"),
        _ => Finding::bad(
            "store file",
            format!("others can read it (mode {mode:o})"),
            format!("chmod 600 {}", folder.store().display()),
        ),
    })
}

#[cfg(not(unix))]
fn secrecy(_folder: &DataFolder) -> Option<Finding> {
    None
}

fn clock(folder: &DataFolder) -> Finding {
    let now = SystemClock.now();
    let written = fs::metadata(folder.store()).and_then(|metadata| metadata.modified()).ok();
    let written = written.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    let written = written.map_or(0, |since| since.as_secs().cast_signed());
    let remedy = "set the machine's clock (NTP)";
    if now < CLOCK_MIN {
        return Finding::bad("clock", format!("it says {now}, which cannot be"), remedy);
    }
    if written > now.seconds() + AHEAD_SECONDS_MAX {
        let state = format!("it says {now}, but the store was written later");
        return Finding::bad("clock", state, remedy);
    }
    Finding::good("clock", now.to_string())
}

fn server(folder: &DataFolder) -> Finding {
    match folder.in_use() {
        Ok(InUse::No) => Finding::good("server", "none runs on this folder"),
        Ok(InUse::By(id)) => Finding::good("server", format!("process {id} serves this folder")),
        Err(failure) => Finding::failed("server", &failure),
    }
}

fn records(folder: &DataFolder, settings: &Settings, is_full: bool, findings: &mut Vec<Finding>) {
    let store = match opened::open_store(folder, settings) {
        Ok(store) => store,
        Err(failure) => return findings.push(Finding::failed("store", &failure)),
    };
    findings.push(store_state(store.as_ref()));
    match books_state(folder, settings, &store) {
        Ok(found) => findings.extend(found),
        Err(failure) => findings.push(Finding::failed("books", &failure)),
    }
    findings.push(files::files(folder, settings, store.as_ref()));
    findings.extend(notices::webhooks(store.as_ref(), settings));
    findings.push(files_state(folder, settings, &store));
    match mirror_state(folder, settings, &store, is_full) {
        Ok(finding) => findings.push(finding),
        Err(failure) => findings.push(Finding::failed("mirror", &failure)),
    }
}

fn store_state(store: &dyn Store) -> Finding {
    let look = || {
        let problems = store.check()?;
        Ok::<_, store::StoreError>((problems, store.revision()?))
    };
    match look() {
        Err(error) => Finding::failed("store", &error.into()),
        Ok((problems, revision)) => match problems.first() {
            None => Finding::good("store", format!("consistent, at revision {revision}")),
            Some(first) => Finding::bad(
                "store",
                format!("{} problems, the first: {first}", problems.len()),
                "stop writing, copy the folder, restore the last good backup",
            ),
        },
    }
}

fn files_state(folder: &DataFolder, settings: &Settings, store: &Arc<dyn Store>) -> Finding {
    let (subject, path) = ("files folder", opened::files_folder(folder, settings));
    if !path.exists() {
        return Finding::good(subject, "none yet");
    }
    match opened::files(folder, settings, store) {
        Ok(_) => Finding::good(subject, format!("{} is the store's", path.display())),
        Err(failure) => Finding::failed(subject, &failure),
    }
}

fn mirror_state(
    folder: &DataFolder,
    settings: &Settings,
    store: &Arc<dyn Store>,
    is_full: bool,
) -> Result<Finding, Failure> {
    let reads = opened::open_reads(folder, settings, store, Role::Reader)?;
    if is_full {
        let report = reads.mirror.verify()?;
        if !report.is_clean() {
            let first = report.differences.first().cloned().unwrap_or_default();
            let state = format!("{} differences, the first: {first}", report.difference_count);
            return Ok(Finding::bad("mirror", state, "rollbook mirror rebuild"));
        }
        return Ok(Finding::good("mirror", format!("{} rows as in the store", report.rows)));
    }
    let status = reads.mirror.status()?;
    let (covered, stored) = (status.covered, status.store_revision);
    if covered > stored {
        let state = format!("it covers revision {covered}, the store is only at {stored}");
        return Ok(Finding::bad("mirror", state, "rollbook mirror rebuild"));
    }
    let state = format!("covers revision {covered} of {stored}; the rest is read from the store");
    Ok(Finding::good("mirror", state))
}

/// What the ledger finds wrong with each provider's records; it books them all the same.
fn books_state(
    folder: &DataFolder,
    settings: &Settings,
    store: &Arc<dyn Store>,
) -> Result<Vec<Finding>, Failure> {
    let reads = opened::open_reads(folder, settings, store, Role::Reader)?;
    let watch = Watch { progress: &|_| (), is_canceled: &|| false };
    let providers = store.snapshot()?.providers()?;
    let mut findings = Vec::new();
    for provider in providers {
        let session = reads.mirror.session(provider.id)?;
        let books = settings.accounting.of(provider.id);
        let issues = all_issues(&session, &books, SystemClock.now(), watch)?;
        let id = provider.id;
        findings.push(match issues.first() {
            None => Finding::good("books", format!("of provider {id}: every record fits")),
            Some(first) => Finding::bad(
                "books",
                format!(
                    "of provider {id}: {} records look wrong, the first is {} {}: {}",
                    issues.len(),
                    first.table,
                    first.id,
                    first.code.message()
                ),
                format!(
                    "mend them where they come from and import them again; \
                     `rollbook accounting --provider {id} --month {} --full …` lists a month's",
                    first.month
                ),
            ),
        });
    }
    Ok(findings)
}
