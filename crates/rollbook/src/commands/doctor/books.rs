//! Check of each provider's records for issues. The ledger posts records with issues all the same.

use std::sync::Arc;

use accounting::Issue;
use books::{PassObserver, all_issues};
use mirror::MirrorRole;
use model::clock::{Clock, SystemClock};
use model::provider::Provider;
use store::Store;

use super::finding::Finding;
use crate::config::ProgramSettings;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::opening;

const SUBJECT: &str = "books";

/// Returns one finding for each provider. Issues are warnings, because the operator of the program
/// cannot correct records.
pub(super) fn check_books(
    folder: &DataFolder,
    settings: &ProgramSettings,
    store: &Arc<dyn Store>,
) -> Vec<Finding> {
    find_issues(folder, settings, store).unwrap_or_else(|failure| {
        let otherwise = "mend what is wrong with the store and the mirror first";
        vec![Finding::check_failed(SUBJECT, &failure, otherwise)]
    })
}

fn find_issues(
    folder: &DataFolder,
    settings: &ProgramSettings,
    store: &Arc<dyn Store>,
) -> Result<Vec<Finding>, Failure> {
    let reads = opening::open_mirror(folder, settings, store, MirrorRole::Reader)?;
    let observer = PassObserver { progress: &|_| (), is_canceled: &|| false };
    let mut findings = Vec::new();
    for provider in store.snapshot()?.providers()? {
        let session = reads.mirror.session(provider.id)?;
        let books = settings.accounting.for_provider(provider.id);
        let issues = all_issues(&session, &books, SystemClock.now(), observer)?;
        findings.push(provider_finding(folder, &provider, &issues));
    }
    Ok(findings)
}

fn provider_finding(folder: &DataFolder, provider: &Provider, issues: &[Issue]) -> Finding {
    let id = provider.id;
    let Some(first) = issues.first() else {
        return Finding::good(SUBJECT, format!("of provider {id}: every record fits"));
    };
    let counted = match issues.len() {
        1 => "1 record looks wrong".to_owned(),
        many => format!("{many} records look wrong"),
    };
    let currency = first.currency.unwrap_or(provider.currency);
    Finding::warning(
        SUBJECT,
        format!(
            "of provider {id}: {counted}, the first is {} {}: {}",
            first.table,
            first.id,
            first.code.message()
        ),
        format!(
            "correct them in the system that they come from and import them again; issues.csv \
             lists a month's: rollbook accounting --data {} --provider {id} --month {} --currency \
             {} --full",
            folder.path().display(),
            first.month,
            currency.code()
        ),
    )
}
