//! Packages for spreadsheet programs: the same files with a byte-order mark before each CSV.
//! Rule: spec/exports.md §4 (`csv_dialect`), §11.
//!
//! They are made from the finished ZIPs, because of a closed month only those are kept.

use std::fs::File as DiskFile;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::Path;

use files::archive::{ArchiveMember, ArchiveMemberSize, ZipArchiveWriter, each_member};
use files::write::{BOM, HashingWriter, WriteError};
use serde_json::{Value, json};

use crate::error::PackageError;
use crate::package_file::{MANIFEST, PackageFile, WrittenPackage, finish_file};

/// The size from which a member is declared large: with the mark it might exceed 4 GiB.
const LARGE_BYTES: u64 = 2 << 30;

/// Replaces the files of a package by files with byte-order marks. The manifest gets the new sizes
/// and hashes.
pub(super) fn with_byte_order_marks(
    package: WrittenPackage,
    folder: &Path,
) -> Result<WrittenPackage, PackageError> {
    let mut manifest = package.manifest;
    let contract = add_byte_order_marks(&package.contract, folder, &mut manifest)?;
    let full =
        package.full.map(|file| add_byte_order_marks(&file, folder, &mut manifest)).transpose()?;
    Ok(WrittenPackage { contract, full, manifest, ..package })
}

fn add_byte_order_marks(
    file: &PackageFile,
    folder: &Path,
    manifest: &mut Value,
) -> Result<PackageFile, PackageError> {
    let aside = folder.join(format!("{}.marked", file.name));
    let out = HashingWriter::new(BufWriter::new(DiskFile::create(&aside)?));
    let mut archive = ZipArchiveWriter::new(out);
    let old = BufReader::new(DiskFile::open(&file.path)?);
    each_member(old, |name, bytes, content| {
        let size =
            if bytes < LARGE_BYTES { ArchiveMemberSize::Usual } else { ArchiveMemberSize::Large };
        if name == MANIFEST {
            // The manifest is the last member, so the new sizes of all others are known here.
            let text = format!("{manifest:#}\n");
            archive.add(name, size, |out| copied(&mut text.as_bytes(), out))?;
            return Ok::<_, PackageError>(());
        }
        let mark = if name.ends_with(".csv") { BOM } else { &[] };
        let member = archive.add(name, size, |out| copied(&mut mark.chain(content), out))?;
        update_manifest_entry(manifest, &member);
        Ok(())
    })?;
    let digest = finish_file(archive.finish()?)?;
    std::fs::rename(&aside, &file.path)?;
    Ok(PackageFile { name: file.name.clone(), path: file.path.clone(), digest })
}

fn copied(content: &mut dyn Read, out: &mut dyn Write) -> Result<u64, PackageError> {
    io::copy(content, out).map_err(WriteError::Io)?;
    Ok(0)
}

/// Updates the size and hash of a member in the manifest.
fn update_manifest_entry(manifest: &mut Value, member: &ArchiveMember) {
    let entries = manifest["files"].as_array_mut().into_iter().flatten();
    for entry in entries.filter(|entry| entry["name"] == member.name.as_str()) {
        entry["bytes"] = json!(member.digest.bytes);
        entry["sha256"] = json!(member.digest.sha256_hex());
    }
}
