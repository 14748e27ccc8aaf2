//! The accounting package of one month and currency: its ZIPs and their members.
//! Rule: spec/accounting.md §10, spec/exports.md §10.15.

use std::fs::File as DiskFile;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use accounting::{Category, File, Issue, TrialBalance};
use files::archive::{Archive, Member, MemberSize};
use files::write::{FileDigest, HashingWriter, WriteError};
use mirror::Session;
use model::id::Revision;
use serde_json::Value;
use store::Store;
use store::port::books::{ClosedMonth, ClosedPartKind};

use crate::drift::{book_adjustment, find_drift};
use crate::error::PackageError;
use crate::frozen::FrozenBooks;
use crate::ledger::{MonthLedger, book_month, push_row};
use crate::manifest::{manifest, tie};
use crate::marked::with_byte_order_marks;
use crate::members::Content;
use crate::pass::Watch;
use crate::request::PackageRequest;
use crate::rows::Rows;
use crate::sorter::Sorter;

/// The name of the manifest, the last member of the full bundle.
pub(super) const MANIFEST: &str = "manifest.json";

/// A package on disk.
pub struct Package {
    /// The contract's ZIP, which has exactly eleven members.
    pub contract: PackageFile,
    /// The full bundle, if it was requested.
    pub full: Option<PackageFile>,
    /// The contents of `manifest.json`: of the full bundle if it was requested, or else of the
    /// eleven members.
    pub manifest: Value,
    /// The number of rows in the contract's files.
    pub rows: u64,
    /// The revision of the records.
    pub revision: Revision,
}

/// A ZIP of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// The file name for the download.
    pub name: String,
    /// The path of the file.
    pub path: PathBuf,
    /// The size and the hash of the file.
    pub digest: FileDigest,
}

/// A package with the rows that it was made from.
pub(super) struct Made {
    pub(super) package: Package,
    pub(super) rows: Rows,
}

/// Writes the package to `folder`, which must exist and be used by nobody else. Blocking.
///
/// For a closed month it writes what was frozen. The first open month includes the adjustments of
/// closed months. The same request at the same revision gives the same bytes. After an error, files
/// may be left in the folder. Fails with [`PackageError::NothingToExport`] if nothing was posted up
/// to the month's end.
pub fn write_package(
    session: &Session,
    store: &dyn Store,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Package, PackageError> {
    let package = unmarked_package(session, store, request, folder, watch)?;
    match request.has_bom {
        true => with_byte_order_marks(package, folder),
        false => Ok(package),
    }
}

/// Does the same as [`write_package`], without byte-order marks in the CSV files.
fn unmarked_package(
    session: &Session,
    store: &dyn Store,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Package, PackageError> {
    let frozen = FrozenBooks::of(store, session.provider().id)?;
    let Some(closing) = frozen.closing(request.month) else {
        let made = make_package(session, request, Some(&frozen), Purpose::Open, folder, watch)?;
        return made.map(|made| made.package).ok_or(PackageError::NothingToExport);
    };
    if !frozen.has_postings(request)? {
        return Err(PackageError::NothingToExport);
    }
    match request.site_id {
        None => frozen_package(&frozen, closing, request, folder),
        Some(_) => part_of_frozen(session, &frozen, closing, request, folder, watch),
    }
}

/// The state of the month that the manifest reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The month is open.
    Open,
    /// The month is closed, or is being closed.
    Closed,
}

impl Purpose {
    fn state(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// Makes a package from the records. Returns `None` if nothing was posted up to the month's end.
/// `frozen` are the closed months, which may need adjustments.
pub(super) fn make_package(
    session: &Session,
    request: &PackageRequest,
    frozen: Option<&FrozenBooks<'_>>,
    purpose: Purpose,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Option<Made>, PackageError> {
    let mut ledger = book_month(session, request, folder, watch)?;
    let frozen = frozen.filter(|frozen| frozen.first_open() == Some(request.month));
    if let Some(frozen) = frozen {
        add_adjustments(session, request, frozen, &mut ledger, folder, watch)?;
    }
    if !ledger.totals.currencies().contains(&request.currency) {
        return Ok(None);
    }
    let balance = TrialBalance::of(&ledger.totals, request.currency, request.month);
    balance.check()?;
    if let Some(frozen) = frozen.filter(|_| request.site_id.is_none()) {
        check_opening(frozen, request, &balance)?;
    }
    let mut merged = Sorter::merge(std::mem::take(&mut ledger.rows))?;
    let rows =
        Rows::write(folder, &mut |row| Ok(merged.next(row)?.map(|key| usize::from(key[0]))))?;
    drop(merged);
    let package = zips(session, request, &rows, &balance, &ledger.issues, purpose, folder, watch)?;
    Ok(Some(Made { package, rows }))
}

/// Adds the adjustments for drift of closed months to the rows and totals of this month.
fn add_adjustments(
    session: &Session,
    request: &PackageRequest,
    frozen: &FrozenBooks<'_>,
    ledger: &mut MonthLedger,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<(), PackageError> {
    let mut rows = Sorter::new(folder);
    let (settings, currency) = (&request.settings, request.currency);
    let totals = &mut ledger.totals;
    find_drift(session, frozen, settings, currency, folder, watch, &mut |found| {
        let adjustment = &found.drift.adjustment;
        if request.covers(adjustment) {
            book_adjustment(totals, adjustment);
            push_row(&mut rows, adjustment, &found.fields)?;
        }
        Ok(())
    })?;
    ledger.rows.push(rows);
    Ok(())
}

/// Checks that the opening balance equals the frozen closing balance.
fn check_opening(
    frozen: &FrozenBooks<'_>,
    request: &PackageRequest,
    balance: &TrialBalance,
) -> Result<(), PackageError> {
    let latest = frozen.closings().last();
    let manifest = latest.map(|closing| frozen.manifest(closing, request.currency)).transpose()?;
    for category in Category::ALL {
        let said = manifest.iter().flatten().map(|manifest| &manifest["closing"]);
        let mut said = said.filter_map(|closing| closing[category.as_str()].as_str()?.parse().ok());
        let right = said.next_back().unwrap_or_default();
        tie(category.as_str(), balance.opening[category], right)?;
    }
    Ok(())
}

/// Copies the frozen files of a closing.
fn frozen_package(
    frozen: &FrozenBooks<'_>,
    closing: &ClosedMonth,
    request: &PackageRequest,
    folder: &Path,
) -> Result<Package, PackageError> {
    let Some(manifest) = frozen.manifest(closing, request.currency)? else {
        return Err(PackageError::NothingToExport);
    };
    let copy = |kind, is_full| -> Result<PackageFile, PackageError> {
        let part = frozen.part(closing, request.currency, kind)?;
        let part = part.ok_or(PackageError::NothingToExport)?;
        let name = request.file_name(is_full);
        let path = folder.join(&name);
        let mut out = HashingWriter::new(BufWriter::new(DiskFile::create(&path)?));
        io::copy(&mut frozen.reader(closing, &part), &mut out)?;
        Ok(PackageFile { name, path, digest: finish(out)? })
    };
    let contract = copy(ClosedPartKind::Contract, false)?;
    let full = request.has_full_bundle.then(|| copy(ClosedPartKind::Full, true)).transpose()?;
    let rows = manifest["files"].as_array().map_or(0, |files| contract_rows(files));
    Ok(Package { contract, full, manifest, rows, revision: closing.revision })
}

fn contract_rows(files: &[Value]) -> u64 {
    let is_contract = |file: &&Value| {
        let name = file["name"].as_str().and_then(crate::members::file_of);
        name.is_some_and(File::is_contract)
    };
    files.iter().filter(is_contract).filter_map(|file| file["rows"].as_u64()).sum()
}

/// Makes the package of one site from frozen rows. Issues were not frozen by site, so there are
/// none.
fn part_of_frozen(
    session: &Session,
    frozen: &FrozenBooks<'_>,
    closing: &ClosedMonth,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Package, PackageError> {
    let covers = |posting: &accounting::Posting| request.covers(posting);
    let balance = frozen.balance(request.month, request.currency, &covers)?;
    let mut kept: Vec<(usize, Vec<u8>)> = Vec::new();
    frozen.visit(closing, request.currency, &mut |row, bytes| {
        if row.posting.month == request.month && covers(&row.posting) {
            kept.push((crate::rows::place_of(row.posting.file), bytes.to_vec()));
        }
        Ok(())
    })?;
    let mut kept = kept.into_iter();
    let rows = Rows::write(folder, &mut |row| {
        Ok(kept.next().map(|(place, bytes)| {
            *row = bytes;
            place
        }))
    })?;
    zips(session, request, &rows, &balance, &[], Purpose::Closed, folder, watch)
}

/// Writes both ZIPs, on two threads.
#[expect(clippy::too_many_arguments, reason = "they are what a package consists of")]
fn zips(
    session: &Session,
    request: &PackageRequest,
    rows: &Rows,
    balance: &TrialBalance,
    issues: &[Issue],
    purpose: Purpose,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Package, PackageError> {
    rows.check(balance)?;
    let content = Content { request, rows, balance, issues, is_canceled: watch.is_canceled };
    let write = |is_full| {
        let describe = |members: &[Member]| {
            manifest(session, request, balance, issues, members, purpose.state())
        };
        zip(&content, folder, is_full, &describe)
    };
    let (contract, full) = std::thread::scope(|scope| {
        let full = request.has_full_bundle.then(|| scope.spawn(|| write(true)));
        let contract = write(false);
        let full = full.map(|thread| match thread.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        Ok::<_, PackageError>((contract?, full.transpose()?))
    })?;
    let (contract, manifest) = contract;
    let (full, manifest) = match full {
        Some((file, manifest)) => (Some(file), manifest),
        None => (None, manifest),
    };
    let sections = rows.sections().iter().filter(|section| section.file.is_contract());
    let rows = sections.map(|section| section.rows).sum();
    Ok(Package { contract, full, manifest, rows, revision: session.revision() })
}

fn zip(
    content: &Content<'_>,
    folder: &Path,
    is_full: bool,
    describe: &dyn Fn(&[Member]) -> Value,
) -> Result<(PackageFile, Value), PackageError> {
    let name = content.request.file_name(is_full);
    let path = folder.join(&name);
    let out = HashingWriter::new(BufWriter::new(DiskFile::create(&path)?));
    let mut archive = Archive::new(out);
    let mut members = Vec::new();
    for section in content.rows.sections() {
        if is_full || section.file.is_contract() {
            members.push(content.add_file(&mut archive, section)?);
        }
    }
    if is_full {
        members.extend(content.add_journals(&mut archive)?);
    }
    let manifest = describe(&members);
    if is_full {
        archive.add(MANIFEST, MemberSize::Usual, |out| {
            let text = format!("{manifest:#}\n");
            out.write_all(text.as_bytes()).map_err(WriteError::Io)?;
            Ok::<_, PackageError>(0)
        })?;
    }
    Ok((PackageFile { name, path, digest: finish(archive.finish()?)? }, manifest))
}

/// Flushes a finished file to disk and returns its size and hash.
pub(super) fn finish(out: HashingWriter<BufWriter<DiskFile>>) -> Result<FileDigest, PackageError> {
    let (out, digest) = out.finish();
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(digest)
}
