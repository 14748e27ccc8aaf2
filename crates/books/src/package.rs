//! The accounting package of one month and currency: its ZIPs and their members.
//! Rule: spec/accounting.md §10, spec/exports.md §10.15.

use std::fs::File as DiskFile;
use std::io::{self, BufWriter};
use std::path::Path;

use accounting::{Issue, LedgerCategory, LedgerFile, TrialBalance};
use files::archive::{ArchiveMember, ArchiveMemberSize, ZipArchiveWriter};
use files::write::{HashingWriter, WriteError};
use mirror::MirrorSession;
use serde_json::Value;
use store::Store;
use store::port::books::{ClosedMonth, ClosedPartKind};

use crate::byte_order_marks::with_byte_order_marks;
use crate::drift::{book_adjustment, find_drift};
use crate::error::PackageError;
use crate::frozen::FrozenBooks;
use crate::ledger::{MonthLedger, book_month, push_row};
use crate::manifest::package_manifest;
use crate::members::PackageContent;
use crate::package_file::{MANIFEST, PackageFile, WrittenPackage, finish_file};
use crate::pass::PassObserver;
use crate::request::PackageRequest;
use crate::rows::{PackageRowFile, check_equal};
use crate::sorter::RowSorter;

/// A package with the rows that it was made from.
pub(super) struct PackageWithRows {
    pub(super) package: WrittenPackage,
    pub(super) rows: PackageRowFile,
}

/// Writes the package to `folder`, which must exist and be used by nobody else. Blocking.
///
/// For a closed month it writes what was frozen. The first open month includes the adjustments of
/// closed months. The same request at the same revision gives the same bytes. After an error, files
/// may be left in the folder. Fails with [`PackageError::NothingToExport`] if nothing was posted up
/// to the month's end.
pub fn write_package(
    session: &MirrorSession,
    store: &dyn Store,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<WrittenPackage, PackageError> {
    let package = unmarked_package(session, store, request, folder, observer)?;
    if request.has_bom { with_byte_order_marks(package, folder) } else { Ok(package) }
}

/// Does the same as [`write_package`], without byte-order marks in the CSV files.
fn unmarked_package(
    session: &MirrorSession,
    store: &dyn Store,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<WrittenPackage, PackageError> {
    let frozen = FrozenBooks::load(store, session.provider().id)?;
    let Some(closing) = frozen.closing(request.month) else {
        let made =
            make_package(session, request, Some(&frozen), PackageState::Open, folder, observer)?;
        return made.map(|made| made.package).ok_or(PackageError::NothingToExport);
    };
    if !frozen.has_postings(request)? {
        return Err(PackageError::NothingToExport);
    }
    match request.site_id {
        None => frozen_package(&frozen, closing, request, folder),
        Some(_) => frozen_site_package(session, &frozen, closing, request, folder, observer),
    }
}

/// The state of the month that the manifest reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PackageState {
    /// The month is open.
    Open,
    /// The month is closed, or is being closed.
    Closed,
}

impl PackageState {
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
    session: &MirrorSession,
    request: &PackageRequest,
    frozen: Option<&FrozenBooks<'_>>,
    purpose: PackageState,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<Option<PackageWithRows>, PackageError> {
    let mut ledger = book_month(session, request, folder, observer)?;
    let frozen = frozen.filter(|frozen| frozen.first_open() == Some(request.month));
    if let Some(frozen) = frozen {
        add_adjustments(session, request, frozen, &mut ledger, folder, observer)?;
    }
    if !ledger.totals.currencies().contains(&request.currency) {
        return Ok(None);
    }
    let balance = TrialBalance::from_totals(&ledger.totals, request.currency, request.month);
    balance.check()?;
    if let Some(frozen) = frozen.filter(|_| request.site_id.is_none()) {
        check_opening(frozen, request, &balance)?;
    }
    let mut merged = RowSorter::merge(std::mem::take(&mut ledger.rows))?;
    let rows = PackageRowFile::write(folder, &mut |row| {
        Ok(merged.next(row)?.map(|key| usize::from(key[0])))
    })?;
    drop(merged);
    let package =
        write_zips(session, request, &rows, &balance, &ledger.issues, purpose, folder, observer)?;
    Ok(Some(PackageWithRows { package, rows }))
}

/// Adds the adjustments for drift of closed months to the rows and totals of this month.
fn add_adjustments(
    session: &MirrorSession,
    request: &PackageRequest,
    frozen: &FrozenBooks<'_>,
    ledger: &mut MonthLedger,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<(), PackageError> {
    let mut rows = RowSorter::new(folder);
    let (settings, currency) = (&request.settings, request.currency);
    let totals = &mut ledger.totals;
    find_drift(session, frozen, settings, currency, folder, observer, &mut |found| {
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
    for category in LedgerCategory::ALL {
        let said = manifest.iter().flatten().map(|manifest| &manifest["closing"]);
        let mut said = said.filter_map(|closing| closing[category.as_str()].as_str()?.parse().ok());
        let right = said.next_back().unwrap_or_default();
        check_equal(category.as_str(), balance.opening[category], right)?;
    }
    Ok(())
}

/// Copies the frozen files of a closing.
fn frozen_package(
    frozen: &FrozenBooks<'_>,
    closing: &ClosedMonth,
    request: &PackageRequest,
    folder: &Path,
) -> Result<WrittenPackage, PackageError> {
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
        Ok(PackageFile { name, path, digest: finish_file(out)? })
    };
    let contract = copy(ClosedPartKind::Contract, false)?;
    let full = request.has_full_bundle.then(|| copy(ClosedPartKind::Full, true)).transpose()?;
    let rows = manifest["files"].as_array().map_or(0, |files| contract_rows(files));
    Ok(WrittenPackage { contract, full, manifest, rows, revision: closing.revision })
}

fn contract_rows(files: &[Value]) -> u64 {
    let is_contract = |file: &&Value| {
        let name = file["name"].as_str().and_then(crate::members::file_of_member);
        name.is_some_and(LedgerFile::is_contract)
    };
    files.iter().filter(is_contract).filter_map(|file| file["rows"].as_u64()).sum()
}

/// Makes the package of one site from frozen rows. Issues were not frozen by site, so there are
/// none.
fn frozen_site_package(
    session: &MirrorSession,
    frozen: &FrozenBooks<'_>,
    closing: &ClosedMonth,
    request: &PackageRequest,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<WrittenPackage, PackageError> {
    let covers = |posting: &accounting::Posting| request.covers(posting);
    let balance = frozen.balance(request.month, request.currency, &covers)?;
    let mut kept: Vec<(usize, Vec<u8>)> = Vec::new();
    frozen.visit(closing, request.currency, &mut |row, bytes| {
        if row.posting.month == request.month && covers(&row.posting) {
            kept.push((row.posting.file.position(), bytes.to_vec()));
        }
        Ok(())
    })?;
    let mut kept = kept.into_iter();
    let rows = PackageRowFile::write(folder, &mut |row| {
        Ok(kept.next().map(|(place, bytes)| {
            *row = bytes;
            place
        }))
    })?;
    write_zips(session, request, &rows, &balance, &[], PackageState::Closed, folder, observer)
}

/// Writes both ZIPs, on two threads.
#[expect(clippy::too_many_arguments, reason = "they are what a package consists of")]
fn write_zips(
    session: &MirrorSession,
    request: &PackageRequest,
    rows: &PackageRowFile,
    balance: &TrialBalance,
    issues: &[Issue],
    purpose: PackageState,
    folder: &Path,
    observer: PassObserver<'_>,
) -> Result<WrittenPackage, PackageError> {
    rows.check(balance)?;
    let content =
        PackageContent { request, rows, balance, issues, is_canceled: observer.is_canceled };
    let write = |is_full| {
        let describe = |members: &[ArchiveMember]| {
            package_manifest(session, request, balance, issues, members, purpose.state())
        };
        write_zip(&content, folder, is_full, &describe)
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
    Ok(WrittenPackage { contract, full, manifest, rows, revision: session.revision() })
}

fn write_zip(
    content: &PackageContent<'_>,
    folder: &Path,
    is_full: bool,
    describe: &dyn Fn(&[ArchiveMember]) -> Value,
) -> Result<(PackageFile, Value), PackageError> {
    let name = content.request.file_name(is_full);
    let path = folder.join(&name);
    let out = HashingWriter::new(BufWriter::new(DiskFile::create(&path)?));
    let mut archive = ZipArchiveWriter::new(out);
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
        archive.add(MANIFEST, ArchiveMemberSize::Usual, |out| {
            let text = format!("{manifest:#}\n");
            out.write_all(text.as_bytes()).map_err(WriteError::Io)?;
            Ok::<_, PackageError>(0)
        })?;
    }
    Ok((PackageFile { name, path, digest: finish_file(archive.finish()?)? }, manifest))
}
