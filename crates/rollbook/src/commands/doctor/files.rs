//! Check of the files of finished jobs.

use std::path::Path;

use model::id::ProviderId;
use store::port::jobs::{Job, JobFile, JobFilter, JobState};
use store::{Store, StoreError};

use super::finding::Finding;
use crate::config::Settings;
use crate::folder::DataFolder;
use crate::opened;

/// Number of jobs that are read at a time.
const PAGE: u64 = 500;

/// Counts of the files that exist and that are missing.
#[derive(Default)]
struct Found {
    there: u64,
    lost: u64,
    /// Description of the first missing file.
    first: Option<String>,
}

/// Checks that every finished file exists in the files folder, with the size that the store
/// records.
pub(super) fn files(folder: &DataFolder, settings: &Settings, store: &dyn Store) -> Finding {
    let root = opened::files_folder(folder, settings);
    match look(&root, store) {
        Err(error) => {
            Finding::failed("files", &error.into(), "mend what is wrong with the store first")
        }
        Ok(Found { there, first: None, .. }) => {
            Finding::good("files", format!("{there}, all complete"))
        }
        Ok(Found { lost, first: Some(first), .. }) => Finding::wrong(
            "files",
            format!("{lost} lost or of another size in {}, the first: {first}", root.display()),
            "restore them from a backup of that folder, or ask for them again",
        ),
    }
}

fn look(root: &Path, store: &dyn Store) -> Result<Found, StoreError> {
    let mut found = Found::default();
    for provider in store.snapshot()?.providers()? {
        look_at(root, store, provider.id, &mut found)?;
    }
    Ok(found)
}

fn look_at(
    root: &Path,
    store: &dyn Store,
    provider: ProviderId,
    found: &mut Found,
) -> Result<(), StoreError> {
    let states = Some(&[JobState::Succeeded][..]);
    let mut filter = JobFilter { states, limit: PAGE, ..JobFilter::default() };
    loop {
        let (count, jobs) = store.jobs(provider, &filter)?;
        for job in &jobs {
            for file in job.files.iter().filter(|file| !file.is_consumed) {
                match is_there(root, file) {
                    true => found.there += 1,
                    false => found.lose(job, file),
                }
            }
        }
        filter.offset += PAGE;
        if filter.offset >= count {
            return Ok(());
        }
    }
}

fn is_there(root: &Path, file: &JobFile) -> bool {
    let facts = std::fs::metadata(root.join(&file.path));
    facts.is_ok_and(|facts| facts.is_file() && facts.len() == file.bytes)
}

impl Found {
    fn lose(&mut self, job: &Job, file: &JobFile) {
        self.lost += 1;
        let (id, uuid, provider) = (job.id, &job.uuid, job.provider);
        self.first.get_or_insert_with(|| {
            format!("{} of job {id} ({uuid}) of provider {provider}", file.path)
        });
    }
}
