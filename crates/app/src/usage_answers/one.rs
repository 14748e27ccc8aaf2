//! Usage of one customer membership. Rule: spec/usage.md §1, §3, §8.

use model::time::Date;
use store::Store;
use usage::json::{OfferingTypeNames, answer};
use usage::{Usage, xml};

use super::records::Records;
use super::{Asker, Written};
use crate::encoding::Encoding;
use crate::error::{ApiError, log};

/// Returns the usage of a customer membership. `date` may hold the error of the parameters, which
/// is only returned for a membership that the caller may see.
pub fn of_one(
    store: &dyn Store,
    asker: Asker,
    id: i64,
    date: Result<Option<Date>, ApiError>,
    encoding: Encoding,
) -> Result<Written, ApiError> {
    let (snapshot, provider) = asker.look(store)?;
    let mut records = Records::new(snapshot.as_ref(), &provider);
    let held = records.membership(id, asker.mode).map_err(ApiError::of_store)?;
    let held = held.ok_or_else(ApiError::not_found)?;
    let usage = held.facts().usage_on(asker.date(date?, &provider));
    let text = written(&usage, records.names(), encoding)?;
    Ok(Written { text, revision: snapshot.revision() })
}

fn written(
    usage: &Usage,
    names: &OfferingTypeNames,
    encoding: Encoding,
) -> Result<String, ApiError> {
    match encoding {
        Encoding::Xml(style) => Ok(xml::to_xml(usage, names, style)),
        Encoding::Json | Encoding::Core => json(&answer(usage, names)),
    }
}

/// Serializes a value as JSON text.
pub(super) fn json(value: &impl serde::Serialize) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(|error| {
        log("answer_not_written", &error);
        ApiError::internal()
    })
}
