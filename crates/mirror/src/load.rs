//! Loads the mirror from disk when it is opened, and checks that it can be used.

use std::collections::HashSet;
use std::sync::Arc;

use model::catalogue;
use model::id::Revision;
use store::{RecordStore, Snapshot};

use crate::error::MirrorError;
use crate::folder::{DAMAGE_REPORT_SUFFIX, MirrorFolder, SEGMENT_SUFFIX};
use crate::manifest::{self, Manifest, ManifestOnDisk, UnusableReason};
use crate::segment::{DamageFlag, Segment};
use crate::state::SegmentSet;

/// Returns a hash of the store's secret, which identifies the store.
pub(crate) fn store_identity(store: &dyn RecordStore) -> Result<String, MirrorError> {
    let mut hasher = blake3::Hasher::new_derive_key("rollbook mirror: identity of a store");
    hasher.update(&store.secret()?);
    Ok(hasher.finalize().to_hex().to_string())
}

/// Returns the segments on disk if they can be used, or else an empty base.
pub(crate) fn load_base(
    folder: &MirrorFolder,
    store: &dyn RecordStore,
    store_identity: &str,
    health: &Arc<DamageFlag>,
) -> Result<SegmentSet, MirrorError> {
    let snapshot = store.snapshot()?;
    let reason = match Manifest::read(folder)? {
        ManifestOnDisk::Missing => return Ok(SegmentSet::empty(0)),
        ManifestOnDisk::Usable(manifest) => {
            match base_from_manifest(manifest, folder, snapshot.as_ref(), store_identity, health) {
                Ok(base) => return Ok(base),
                Err(reason) => reason,
            }
        }
        ManifestOnDisk::Unusable(reason) => reason,
    };
    tracing::warn!(reason, "the mirror on disk is not used and will be rebuilt");
    Ok(SegmentSet::empty(0))
}

/// Returns the segments of a manifest, or the reason why they cannot be used: they must come from
/// this store and from its history. Damaged segments are only marked as damaged.
pub(crate) fn base_from_manifest(
    manifest: Manifest,
    folder: &MirrorFolder,
    snapshot: &dyn Snapshot,
    store_identity: &str,
    health: &Arc<DamageFlag>,
) -> Result<SegmentSet, UnusableReason> {
    if manifest.store != store_identity {
        return Err("it mirrors another store".to_owned());
    }
    if manifest.revision > snapshot.revision() {
        let (mirror, store) = (manifest.revision, snapshot.revision());
        return Err(format!("it covers revision {mirror}, and the store has only {store}"));
    }
    let written = snapshot.table_revisions().map_err(|error| error.to_string())?;
    let mut base = SegmentSet::empty(manifest.generation);
    base.revision = manifest.revision;
    let mut manifest = manifest;
    for table in catalogue::tables() {
        let covered = manifest.table_revisions.get(table.name).copied().unwrap_or(Revision(0));
        let last_written = written.get(table.position).copied().unwrap_or(Revision(0));
        // The store last wrote this table at the revision that the manifest records, or after the
        // mirror's revision.
        if last_written != covered && last_written <= manifest.revision {
            return Err(format!("{} has another past in the store", table.name));
        }
        base.table_revisions[table.position] = covered;
        let entries = manifest.tables.remove(table.name).unwrap_or_default();
        let segment = |entry| Arc::new(Segment::new(folder, table, entry, health));
        base.tables[table.position] = entries.into_iter().map(segment).collect();
    }
    for segment in base.segments() {
        // A damaged segment is marked as damaged, and is rewritten before anyone reads it.
        let _ = segment.check_on_open();
    }
    Ok(base)
}

/// Removes files that a crash left behind: unfinished files, segments that no manifest lists, and a
/// manifest that is not used. The caller must hold the writer's lock.
pub(crate) fn clean_as_writer(folder: &MirrorFolder, base: &SegmentSet) -> Result<(), MirrorError> {
    if base.generation == 0 {
        // Otherwise a later state of the store might be mistaken for the manifest's history.
        folder.remove(manifest::MANIFEST_FILE)?;
    }
    // Segments of an older manifest may still be read by another process.
    let alone = folder.try_lock_for_deletion()?;
    remove_leftovers(folder, &base.files(), alone.is_some())
}

/// Removes files that a crash left behind, before a reader opens the folder. Does nothing if
/// another process has the folder open.
pub(crate) fn clean_as_reader(folder: &MirrorFolder) -> Result<(), MirrorError> {
    let Some(_writer) = folder.try_lock_writer()? else { return Ok(()) };
    let Some(_alone) = folder.try_lock_for_deletion()? else { return Ok(()) };
    let ManifestOnDisk::Usable(manifest) = Manifest::read(folder)? else { return Ok(()) };
    let used = manifest.tables.values().flatten().map(|entry| entry.file.as_str());
    remove_leftovers(folder, &used.collect(), true)
}

fn remove_leftovers(
    folder: &MirrorFolder,
    used: &HashSet<&str>,
    with_segments: bool,
) -> Result<(), MirrorError> {
    for name in folder.names()? {
        let segment = name.strip_suffix(DAMAGE_REPORT_SUFFIX).unwrap_or(&name);
        let is_old = with_segments && segment.ends_with(SEGMENT_SUFFIX) && !used.contains(segment);
        if is_old || MirrorFolder::is_unfinished(&name) {
            folder.remove(&name)?;
        }
    }
    Ok(())
}

/// Returns a generation that no file in the folder has, so that a file name never gets other
/// content.
pub(crate) fn next_generation(folder: &MirrorFolder, last: u64) -> Result<u64, MirrorError> {
    let names = folder.names()?;
    let generation = |name: &String| {
        let (_, rest) = name.split_once("-g")?;
        rest.split('-').next()?.parse::<u64>().ok()
    };
    Ok(names.iter().filter_map(generation).fold(last, u64::max) + 1)
}
