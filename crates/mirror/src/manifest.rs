//! The manifest: the list of segments that make up the mirror, and what they cover.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;

use model::catalogue;
use model::id::{ProviderId, Revision};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use store::{RowKey, crash};

use crate::block_checksums::BlockChecksums;
use crate::error::MirrorError;
use crate::folder::MirrorFolder;
use crate::schema;

/// The name of the manifest's file.
pub(crate) const MANIFEST_FILE: &str = "manifest.json";
/// The version of this format. A mirror with any other version is rebuilt.
const FORMAT: u32 = 2;

/// The content of the mirror on disk: every row of every table up to `revision`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The version of the format.
    pub(crate) format: u32,
    /// A number that increases with each manifest; part of the segments' names.
    pub(crate) generation: u64,
    /// The revision that the segments cover.
    pub(crate) revision: Revision,
    /// A hash of the columns of all tables.
    pub(crate) catalogue: String,
    /// The identity of the store that is mirrored.
    pub(crate) store: String,
    /// For each table, the last revision up to `revision` that wrote to it.
    pub(crate) table_revisions: BTreeMap<String, Revision>,
    /// For each table, its segments in key order.
    pub(crate) tables: BTreeMap<String, Vec<SegmentEntry>>,
}

/// The manifest's entry for one segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentEntry {
    /// The file name in the mirror's folder.
    pub(crate) file: String,
    /// The size in bytes.
    pub(crate) bytes: u64,
    /// A checksum for each block of the file.
    pub(crate) checksums: BlockChecksums,
    /// The number of rows.
    pub(crate) rows: u64,
    /// The row range of each provider: `[provider, first row, rows, smallest id, greatest id]`, by
    /// provider.
    pub(crate) providers: Vec<ProviderRange>,
}

/// The range of one provider's rows in one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, u64, u64, i64, i64)", into = "(i64, u64, u64, i64, i64)")]
pub(crate) struct ProviderRange {
    pub(crate) provider: ProviderId,
    /// The position of the provider's first row in the file.
    pub(crate) start: u64,
    pub(crate) rows: u64,
    pub(crate) first_id: i64,
    pub(crate) last_id: i64,
}

impl From<(i64, u64, u64, i64, i64)> for ProviderRange {
    fn from((provider, start, rows, first_id, last_id): (i64, u64, u64, i64, i64)) -> Self {
        Self { provider: ProviderId(provider), start, rows, first_id, last_id }
    }
}

impl From<ProviderRange> for (i64, u64, u64, i64, i64) {
    fn from(range: ProviderRange) -> Self {
        (range.provider.0, range.start, range.rows, range.first_id, range.last_id)
    }
}

impl SegmentEntry {
    /// Returns the smallest key.
    pub(crate) fn first(&self) -> Option<RowKey> {
        self.providers.first().map(|range| RowKey { provider: range.provider, id: range.first_id })
    }

    /// Returns the greatest key.
    pub(crate) fn last(&self) -> Option<RowKey> {
        self.providers.last().map(|range| RowKey { provider: range.provider, id: range.last_id })
    }

    /// Returns true if the ranges are ordered by provider and cover every row exactly once, and the
    /// checksums cover the file.
    fn is_consistent(&self) -> bool {
        let mut next_row = 0;
        let mut last: Option<ProviderId> = None;
        let follows = self.providers.iter().all(|range| {
            let follows = range.start == next_row
                && range.rows > 0
                && range.first_id <= range.last_id
                && last < Some(range.provider);
            (next_row, last) = (next_row + range.rows, Some(range.provider));
            follows
        });
        follows && next_row == self.rows && self.rows > 0 && self.checksums.cover(self.bytes)
    }
}

/// The content of the manifest's file: the manifest's exact text and its checksum.
#[derive(Serialize, Deserialize)]
struct ManifestFile {
    checksum: String,
    manifest: Box<RawValue>,
}

/// A description of why a manifest cannot be used.
pub(crate) type UnusableReason = String;

/// The state of the manifest in the folder.
pub(crate) enum ManifestOnDisk {
    /// No manifest.
    Missing,
    /// A manifest that cannot be used, and why.
    Unusable(UnusableReason),
    /// A manifest.
    Usable(Manifest),
}

impl Manifest {
    pub(crate) fn new(generation: u64, revision: Revision, store: String) -> Self {
        Self {
            format: FORMAT,
            generation,
            revision,
            catalogue: catalogue_fingerprint(),
            store,
            table_revisions: BTreeMap::new(),
            tables: BTreeMap::new(),
        }
    }

    pub(crate) fn write(&self, folder: &MirrorFolder) -> Result<(), MirrorError> {
        let failed = |error| MirrorError::file(MANIFEST_FILE, error);
        let text = serde_json::to_string(self).map_err(failed)?;
        let checksum = checksum(&text);
        let manifest = RawValue::from_string(text).map_err(failed)?;
        let bytes = serde_json::to_vec(&ManifestFile { checksum, manifest }).map_err(failed)?;
        crash::point("manifest_made");
        folder.replace(MANIFEST_FILE, &bytes)?;
        crash::point("manifest_replaced");
        Ok(())
    }

    /// Reads the manifest on disk.
    pub(crate) fn read(folder: &MirrorFolder) -> Result<ManifestOnDisk, MirrorError> {
        match fs::read(folder.file(MANIFEST_FILE)) {
            Ok(bytes) => Ok(match Self::parse(&bytes) {
                Ok(manifest) => ManifestOnDisk::Usable(manifest),
                Err(reason) => ManifestOnDisk::Unusable(reason),
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(ManifestOnDisk::Missing),
            Err(error) => Err(MirrorError::file(MANIFEST_FILE, error)),
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, UnusableReason> {
        let sealed: ManifestFile = serde_json::from_slice(bytes)
            .map_err(|error| format!("the manifest cannot be read: {error}"))?;
        if checksum(sealed.manifest.get()) != sealed.checksum {
            return Err("the manifest's checksum is wrong".to_owned());
        }
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let text = sealed.manifest.get();
        let unreadable = |error: serde_json::Error| format!("the manifest is unknown: {error}");
        let version: Version = serde_json::from_str(text).map_err(unreadable)?;
        if version.format != FORMAT {
            return Err(format!("the manifest has format {}, not {FORMAT}", version.format));
        }
        let manifest: Self = serde_json::from_str(text).map_err(unreadable)?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), UnusableReason> {
        if self.catalogue != catalogue_fingerprint() {
            return Err("the tables have another shape now".to_owned());
        }
        for (table, segments) in &self.tables {
            let in_order = segments.is_sorted_by(|left, right| left.last() < right.first());
            if !in_order || !segments.iter().all(SegmentEntry::is_consistent) {
                return Err(format!("the segments of {table} contradict each other"));
            }
        }
        Ok(())
    }
}

fn checksum(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex().to_string()
}

/// Returns a hash of the names and types of all tables' columns.
pub(crate) fn catalogue_fingerprint() -> String {
    let mut hasher = blake3::Hasher::new();
    for table in catalogue::tables() {
        hasher.update(format!("{}\n", table.name).as_bytes());
        for field in schema::segment_schema(table).fields() {
            let line = format!(" {} {} {}\n", field.name(), field.data_type(), field.is_nullable());
            hasher.update(line.as_bytes());
        }
    }
    hasher.finalize().to_hex().to_string()
}
