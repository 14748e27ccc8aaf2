//! Reads the rows of a page with everything that their columns need. Each relation is read only for
//! the keys in these rows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, UInt32Array, new_null_array,
};
use datafusion::arrow::compute::{cast, concat_batches, take};
use datafusion::arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::common::{Column, HashMap};
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder};
use futures::future::try_join_all;

use super::matching::KeptColumns;
use super::needs::ColumnNeeds;
use crate::definition::RowSource;
use crate::definition::relation::{Relation, RelationKeys};
use crate::error::ReportError;
use crate::query_scope::QueryScope;

/// The number of relations that are read at the same time. It is limited so that one page does not
/// take all of its provider's turns.
const READS_AT_ONCE: usize = 4;

/// Columns of the base and its relations, by `alias.name`, with one value per row.
pub(crate) struct GatheredRows {
    rows: usize,
    columns: BTreeMap<String, ArrayRef>,
}

/// Reads the columns in `needs` for the base rows with `ids`, in the order of `ids`. Columns of the
/// base are taken from `kept` if it is given.
pub(crate) async fn gather(
    scope: &QueryScope<'_>,
    source: &RowSource,
    needs: &ColumnNeeds,
    ids: &[i64],
    kept: Option<KeptColumns>,
) -> Result<GatheredRows, ReportError> {
    let mut gathered = match kept {
        Some(columns) => GatheredRows::from_base_columns(source.alias, ids.len(), columns),
        None => base_rows(scope, source, needs, ids).await?,
    };
    let mut waiting: Vec<&Relation> =
        source.relations.iter().filter(|relation| needs.reads(relation.alias)).collect();
    while !waiting.is_empty() {
        let is_ready = |relation: &&Relation| {
            relation.on.iter().all(|(outer, _)| gathered.columns.contains_key(*outer))
        };
        let (ready, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_ready);
        if ready.is_empty() {
            let stuck = format!("the relations of {} wait for each other", source.table);
            return Err(DataFusionError::Internal(stuck).into());
        }
        for some in ready.chunks(READS_AT_ONCE) {
            let reads = some.iter().map(|relation| related_rows(scope, relation, needs, &gathered));
            for (relation, rows) in some.iter().zip(try_join_all(reads).await?) {
                gathered.join(relation, &rows)?;
            }
        }
        waiting = later;
    }
    Ok(gathered)
}

async fn base_rows(
    scope: &QueryScope<'_>,
    source: &RowSource,
    needs: &ColumnNeeds,
    ids: &[i64],
) -> Result<GatheredRows, ReportError> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    let mut names: BTreeSet<&str> = needs.columns(source.alias).collect();
    names.insert("id");
    let rows = super::base::base_rows(scope, source, &RelationKeys::Ids(sorted))?;
    let rows = collect(scope, rows, source.alias, &names).await?;
    let found = rows.column_by_name("id").map(|ids| ids.as_primitive::<Int64Type>());
    let found = found.into_iter().flat_map(|ids| ids.values().iter().copied());
    let positions: HashMap<i64, u32> = found.zip(0..).collect();
    let order: UInt32Array = ids.iter().map(|id| positions.get(id).copied()).collect();
    let mut gathered = GatheredRows { rows: ids.len(), columns: BTreeMap::new() };
    gathered.add(source.alias, &rows, &order)?;
    Ok(gathered)
}

async fn related_rows(
    scope: &QueryScope<'_>,
    relation: &Relation,
    needs: &ColumnNeeds,
    gathered: &GatheredRows,
) -> Result<RecordBatch, ReportError> {
    let names = needs.columns(relation.alias).collect();
    let keys = gathered.keys(relation.on[0].0)?;
    let rows = relation.rows(scope, &keys)?;
    if keys.is_empty() {
        Ok(RecordBatch::new_empty(schema_of(&project(rows, relation.alias, &names)?)))
    } else {
        collect(scope, rows, relation.alias, &names).await
    }
}

/// Reads the named columns of `rows` as one batch.
async fn collect(
    scope: &QueryScope<'_>,
    rows: LogicalPlanBuilder,
    alias: &str,
    names: &BTreeSet<&str>,
) -> Result<RecordBatch, ReportError> {
    let plan = project(rows, alias, names)?;
    let schema = schema_of(&plan);
    let batches = scope.session.collect(plan).await?;
    let schema = batches.first().map_or(schema, |batch| batch.schema());
    Ok(concat_batches(&schema, &batches).map_err(DataFusionError::from)?)
}

fn project(
    rows: LogicalPlanBuilder,
    alias: &str,
    names: &BTreeSet<&str>,
) -> Result<LogicalPlan, ReportError> {
    let columns = names.iter().map(|name| Expr::Column(Column::new(Some(alias), *name)));
    Ok(rows.project(columns.collect::<Vec<_>>())?.build()?)
}

fn schema_of(plan: &LogicalPlan) -> SchemaRef {
    Arc::new(plan.schema().as_arrow().clone())
}

impl GatheredRows {
    /// Makes the base alone, from columns with one value per row.
    fn from_base_columns(alias: &str, rows: usize, columns: KeptColumns) -> Self {
        let columns = columns.into_iter();
        Self { rows, columns: columns.map(|(name, c)| (format!("{alias}.{name}"), c)).collect() }
    }

    /// Returns the distinct values of a column, sorted, without nulls.
    fn keys(&self, column: &str) -> Result<RelationKeys, ReportError> {
        let values = self.column(column)?;
        if *values.data_type() == DataType::Int64 {
            let mut ids: Vec<i64> = values.as_primitive::<Int64Type>().iter().flatten().collect();
            ids.sort_unstable();
            ids.dedup();
            return Ok(RelationKeys::Ids(ids));
        }
        let texts = cast(values, &DataType::Utf8View).map_err(DataFusionError::from)?;
        let texts = texts.as_string_view().iter().flatten().map(str::to_owned);
        Ok(RelationKeys::Texts(texts.collect::<BTreeSet<_>>().into_iter().collect()))
    }

    fn column(&self, name: &str) -> Result<&ArrayRef, ReportError> {
        let column = self.columns.get(name);
        column.ok_or_else(|| DataFusionError::Internal(format!("{name} was not read")).into())
    }

    /// Adds the columns of a relation; its rows are matched by its keys.
    fn join(&mut self, relation: &Relation, rows: &RecordBatch) -> Result<(), ReportError> {
        let mut outer = Vec::new();
        let mut inner = Vec::new();
        for (outer_name, inner_name) in &relation.on {
            outer.push(Arc::clone(self.column(outer_name)?));
            let column = rows.column_by_name(inner_name);
            inner.push(Arc::clone(column.ok_or_else(|| {
                DataFusionError::Internal(format!("{} lacks {inner_name}", relation.alias))
            })?));
        }
        let matches = match_keys(&outer, &inner)?;
        self.add(relation.alias, rows, &matches)
    }

    fn add(
        &mut self,
        alias: &str,
        rows: &RecordBatch,
        positions: &UInt32Array,
    ) -> Result<(), ReportError> {
        for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
            let values = if column.is_empty() {
                new_null_array(column.data_type(), self.rows)
            } else {
                take(column, positions, None).map_err(DataFusionError::from)?
            };
            self.columns.insert(format!("{alias}.{}", field.name()), values);
        }
        Ok(())
    }

    /// Returns a plan over these rows. Columns have their qualified names; `position` is the number
    /// of the row.
    pub(crate) fn into_plan(self) -> Result<LogicalPlanBuilder, ReportError> {
        let positions: UInt32Array = (0..self.rows as u32).collect();
        let mut fields = vec![Field::new("position", DataType::UInt32, false)];
        let mut columns: Vec<ArrayRef> = vec![Arc::new(positions)];
        let mut names = vec![Expr::Column(Column::new(Some("page"), "position"))];
        for (name, values) in self.columns {
            let field = Field::new(&name, values.data_type().clone(), true);
            let column = Expr::Column(Column::new(Some("page"), &name));
            if let Some((alias, leaf)) = name.split_once('.') {
                names.push(column.alias_qualified(Some(alias), leaf));
            }
            fields.push(field);
            columns.push(values);
        }
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns);
        let batch = batch.map_err(DataFusionError::from)?;
        let table = MemTable::try_new(schema, vec![vec![batch]])?;
        let source = provider_as_source(Arc::new(table));
        Ok(LogicalPlanBuilder::scan("page", source, None)?.project(names)?)
    }
}

/// Returns, for each row of `outer`, the position of the row of `inner` with equal keys. Null keys
/// match nothing.
fn match_keys(outer: &[ArrayRef], inner: &[ArrayRef]) -> Result<UInt32Array, ReportError> {
    if let ([outer], [inner]) = (outer, inner)
        && let Some(outer) = outer.as_primitive_opt::<Int64Type>()
        && let Some(inner) = inner.as_primitive_opt::<Int64Type>()
    {
        let known = inner.iter().zip(0..).filter_map(|(id, position)| Some((id?, position)));
        let positions: HashMap<i64, u32> = known.collect();
        return Ok(outer.iter().map(|id| positions.get(&id?).copied()).collect());
    }
    let fields = inner.iter().map(|keys| SortField::new(keys.data_type().clone())).collect();
    let converter = RowConverter::new(fields).map_err(DataFusionError::from)?;
    let inner = converter.convert_columns(inner).map_err(DataFusionError::from)?;
    let positions: HashMap<OwnedRow, u32> = inner.iter().map(|row| row.owned()).zip(0..).collect();
    let has_null = |row: usize| outer.iter().any(|keys| keys.is_null(row));
    let found = converter.convert_columns(outer).map_err(DataFusionError::from)?;
    let matches = (0..found.num_rows()).map(|row| {
        if has_null(row) { None } else { positions.get(&found.row(row).owned()).copied() }
    });
    Ok(matches.collect())
}
