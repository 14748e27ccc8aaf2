//! The sites that a request may name.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::col;
use mirror::MirrorSession;

use crate::error::ReportError;

/// Returns the ids of the provider's sites.
pub async fn site_ids(session: &MirrorSession) -> Result<Vec<i64>, ReportError> {
    let plan = session.scan("sites", "s")?.project(vec![col("s.id")])?.build()?;
    let batches = session.collect(plan).await?;
    let ids = batches.iter().flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values());
    Ok(ids.copied().collect())
}
