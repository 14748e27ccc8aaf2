//! The accounting package of one month and currency: its ZIPs and what they hold.
//! Rule: spec/accounting.md §10, spec/exports.md §10.15.

use std::fs::File as DiskFile;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use accounting::TrialBalance;
use files::archive::{Archive, Member, MemberSize};
use files::write::{FileDigest, HashingWriter, WriteError};
use mirror::Session;
use model::id::Revision;
use serde_json::Value;

use super::error::PackageError;
use super::ledger::book_month;
use super::manifest::manifest;
use super::members::Content;
use super::pass::Watch;
use super::request::PackageRequest;
use super::rows::Rows;

/// A package on disk.
pub struct Package {
    /// The contract's ZIP: exactly eleven members.
    pub contract: PackageFile,
    /// The full bundle, when it was asked for.
    pub full: Option<PackageFile>,
    /// The members of the full bundle if it was asked for, else the eleven.
    pub members: Vec<Member>,
    /// Opening, movement and closing.
    pub balance: TrialBalance,
    /// `manifest.json`.
    pub manifest: Value,
    /// The revision of the records.
    pub revision: Revision,
}

/// One ZIP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// Name under which it is handed out.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Size and hash.
    pub digest: FileDigest,
}

/// Makes the package in `folder`, which must exist and be the caller's own. Blocks.
///
/// The same request at the same revision gives the same bytes. On an error files may be left in
/// the folder; temporary ones are gone in any case. [`PackageError::NothingToExport`] when the
/// contract's files have no row.
pub fn write_package(
    session: &Session,
    request: &PackageRequest,
    folder: &Path,
    watch: Watch<'_>,
) -> Result<Package, PackageError> {
    let mut ledger = book_month(session, request, folder, watch)?;
    if ledger.totals.is_empty(request.currency, request.month) {
        return Err(PackageError::NothingToExport);
    }
    let balance = TrialBalance::of(&ledger.totals, request.currency, request.month);
    balance.check()?;
    let rows = Rows::write(&mut ledger.rows, folder)?;
    rows.check(&balance)?;
    let content = Content {
        request,
        rows: &rows,
        balance: &balance,
        issues: &ledger.issues,
        is_canceled: watch.is_canceled,
    };
    let (contract, full) = zips(&content, session, folder)?;
    let (contract, members, manifest) = contract;
    let (full, members, manifest) = match full {
        Some((file, members, manifest)) => (Some(file), members, manifest),
        None => (None, members, manifest),
    };
    Ok(Package { contract, full, members, balance, manifest, revision: session.revision() })
}

type Written = (PackageFile, Vec<Member>, Value);

/// Both ZIPs, at the same time.
fn zips(
    content: &Content<'_>,
    session: &Session,
    folder: &Path,
) -> Result<(Written, Option<Written>), PackageError> {
    std::thread::scope(|scope| {
        let full = content
            .request
            .has_full_bundle
            .then(|| scope.spawn(|| zip(content, session, folder, true)));
        let contract = zip(content, session, folder, false);
        let full = full.map(|thread| match thread.join() {
            Ok(written) => written,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        Ok((contract?, full.transpose()?))
    })
}

fn zip(
    content: &Content<'_>,
    session: &Session,
    folder: &Path,
    is_full: bool,
) -> Result<Written, PackageError> {
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
    let (request, balance, issues) = (content.request, content.balance, content.issues);
    let manifest = manifest(session, request, balance, issues, &members, "open");
    if is_full {
        members.push(archive.add("manifest.json", MemberSize::Usual, |out| {
            let text = format!("{manifest:#}\n");
            out.write_all(text.as_bytes()).map_err(WriteError::Io)?;
            Ok::<_, PackageError>(0)
        })?);
    }
    let (out, digest) = archive.finish()?.finish();
    let file = out.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok((PackageFile { name, path, digest }, members, manifest))
}
