//! Usage of one customer membership. Rule: spec/usage.md §1, §3, §8.

use model::time::Date;
use store::Store;
use usage::json::{OfferingTypeNames, usage_answer};
use usage::{Usage, xml};

use super::records::MembershipRecordReader;
use super::{UsageCaller, UsageText};
use crate::encoding::Encoding;
use crate::error::{ApiError, log_error};

/// Returns the usage of a customer membership. `date` may hold the error of the parameters, which
/// is only returned for a membership that the caller may see.
pub fn usage_of_one(
    store: &dyn Store,
    asker: UsageCaller,
    id: i64,
    date: Result<Option<Date>, ApiError>,
    encoding: Encoding,
) -> Result<UsageText, ApiError> {
    let (snapshot, provider) = asker.open_snapshot(store)?;
    let mut records = MembershipRecordReader::new(snapshot.as_ref(), &provider);
    let held = records.membership(id, asker.mode).map_err(ApiError::from_store_error)?;
    let held = held.ok_or_else(ApiError::not_found)?;
    let usage = held.facts().usage_on(asker.date(date?, &provider));
    let text = written(&usage, records.names(), encoding)?;
    Ok(UsageText { text, revision: snapshot.revision() })
}

fn written(
    usage: &Usage,
    names: &OfferingTypeNames,
    encoding: Encoding,
) -> Result<String, ApiError> {
    match encoding {
        Encoding::Xml(style) => Ok(xml::to_xml(usage, names, style)),
        Encoding::Json | Encoding::Core => json(&usage_answer(usage, names)),
    }
}

/// Serializes a value as JSON text.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(|error| {
        log_error("answer_not_written", &error);
        ApiError::internal()
    })
}
