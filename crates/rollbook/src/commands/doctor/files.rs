//! Check of the files of finished jobs.

use std::path::Path;

use model::id::ProviderId;
use store::port::jobs::{Job, JobFile, JobFilter, JobState};
use store::{Store, StoreError};

use super::finding::Finding;
use crate::config::ProgramSettings;
use crate::folder::DataFolder;
use crate::opening;

/// Number of jobs that are read at a time.
const PAGE: u64 = 500;

/// Counts of the files that exist and that are missing.
#[derive(Default)]
struct FileCounts {
    there: u64,
    lost: u64,
    /// Description of the first missing file.
    first: Option<String>,
}

/// Checks that every finished file exists in the files folder, with the size that the store
/// records.
pub(super) fn check_files(
    folder: &DataFolder,
    settings: &ProgramSettings,
    store: &dyn Store,
) -> Finding {
    let root = opening::files_folder_path(folder, settings);
    match count_all_files(&root, store) {
        Err(error) => {
            Finding::check_failed("files", &error.into(), "mend what is wrong with the store first")
        }
        Ok(FileCounts { there, first: None, .. }) => {
            Finding::good("files", format!("{there}, all complete"))
        }
        Ok(FileCounts { lost, first: Some(first), .. }) => Finding::wrong(
            "files",
            format!("{lost} lost or of another size in {}, the first: {first}", root.display()),
            "restore them from a backup of that folder, or ask for them again",
        ),
    }
}

fn count_all_files(root: &Path, store: &dyn Store) -> Result<FileCounts, StoreError> {
    let mut found = FileCounts::default();
    for provider in store.snapshot()?.providers()? {
        count_files(root, store, provider.id, &mut found)?;
    }
    Ok(found)
}

fn count_files(
    root: &Path,
    store: &dyn Store,
    provider: ProviderId,
    found: &mut FileCounts,
) -> Result<(), StoreError> {
    let states = Some(&[JobState::Succeeded][..]);
    let mut filter = JobFilter { states, limit: PAGE, ..JobFilter::default() };
    loop {
        let (count, jobs) = store.jobs(provider, &filter)?;
        for job in &jobs {
            for file in job.files.iter().filter(|file| !file.is_consumed) {
                if is_there(root, file) { found.there += 1 } else { found.add_missing(job, file) }
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

impl FileCounts {
    fn add_missing(&mut self, job: &Job, file: &JobFile) {
        self.lost += 1;
        let (id, uuid, provider) = (job.id, &job.uuid, job.provider);
        self.first.get_or_insert_with(|| {
            format!("{} of job {id} ({uuid}) of provider {provider}", file.path)
        });
    }
}
