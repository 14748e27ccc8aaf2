//! The two phases of a page.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, ListArray, RecordBatch, new_empty_array};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::compute::{cast, concat, concat_batches};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use mirror::Session;

use super::gather::gather;
use super::needs::Needs;
use super::output::{self, Output};
use super::scope::Scope;
use super::{matching, predicates};
use crate::error::ReportError;
use crate::page::Page;
use crate::request::PageRequest;
use crate::request::question::Question;

/// Computes one page of a report.
///
/// The same session and request give the same page. Errors: [`ReportError`] when the mirror or a
/// plan fails; never because of the request, which is checked.
pub async fn run_page(session: &Session, request: &PageRequest) -> Result<Page, ReportError> {
    let question = &request.question;
    let scope = Scope::new(session, question.now);
    let predicates = predicates::all(&scope, question)?;
    let total = matching::total(&scope, question.report, &predicates);
    let ids = async {
        match request.limit {
            0 => Ok(vec![]),
            limit => matching::page_ids(&scope, question, &predicates, request.offset, limit).await,
        }
    };
    let (total, ids) = futures::try_join!(total, ids)?;
    let output = output::lay_out(&scope, question);
    let batches = match ids.as_slice() {
        [] => vec![],
        ids => vec![page_rows(&scope, question, &output, ids).await?],
    };
    let headers = output::headers(question);
    Ok(Page { total, headers, columns: output.columns, batches, revision: session.revision() })
}

async fn page_rows(
    scope: &Scope<'_>,
    question: &Question,
    output: &Output,
    ids: &[i64],
) -> Result<RecordBatch, ReportError> {
    let needs = Needs::of(question.report, &output.expressions);
    let gathered = gather(scope, question.report, &needs, ids).await?;
    let values = output.expressions.iter().enumerate();
    let mut columns: Vec<Expr> =
        values.map(|(position, value)| value.clone().alias(format!("column_{position}"))).collect();
    columns.push(col("position"));
    let plan = gathered
        .into_plan()?
        .project(columns)?
        .sort(vec![col("position").sort(true, false)])?
        .build()?;
    let batches = scope.session.collect(plan).await?;
    let schema = batch_schema(output);
    let batches = batches.iter().map(|batch| conform(batch, &schema));
    let batches = batches.collect::<Result<Vec<_>, DataFusionError>>()?;
    let batch = concat_batches(&schema, &batches);
    Ok(batch.map_err(DataFusionError::from)?)
}

/// The batch's schema: shown columns by key, then currencies.
fn batch_schema(output: &Output) -> SchemaRef {
    let shown = output
        .columns
        .iter()
        .map(|column| Field::new(&column.key, output::arrow_type(&column.kind), true));
    let hidden = (output.columns.len()..output.expressions.len())
        .map(|position| Field::new(format!("currency_{position}"), DataType::Utf8, true));
    Arc::new(Schema::new(shown.chain(hidden).collect::<Vec<_>>()))
}

/// The batch in the types that the answer promises, without the position.
fn conform(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, DataFusionError> {
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, column)| match field.data_type() {
        DataType::List(item) => never_null(&cast(column, field.data_type())?, item),
        data_type => cast(column, data_type),
    });
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// A list without elements where a list is missing: there is no null list in any report.
fn never_null(lists: &ArrayRef, item: &FieldRef) -> Result<ArrayRef, ArrowError> {
    let lists = lists.as_list::<i32>();
    let rows = (0..lists.len()).filter(|row| lists.is_valid(*row));
    let kept: Vec<ArrayRef> = rows.map(|row| lists.value(row)).collect();
    let kept: Vec<&dyn Array> = kept.iter().map(AsRef::as_ref).collect();
    let values = match kept.as_slice() {
        [] => new_empty_array(item.data_type()),
        kept => concat(kept)?,
    };
    let lengths = (0..lists.len()).map(|row| match lists.is_valid(row) {
        true => lists.value_length(row) as usize,
        false => 0,
    });
    let offsets = OffsetBuffer::from_lengths(lengths);
    Ok(Arc::new(ListArray::try_new(Arc::clone(item), offsets, values, None)?))
}
