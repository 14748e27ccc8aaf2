//! Sessions over literal tables. Columns that a table does not name hold their default.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int64Array, Int64Builder, ListBuilder,
    RecordBatch, StringViewArray, StringViewBuilder, TimestampMicrosecondArray,
};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use mirror::schema::table_schema;
use mirror::{MirrorError, MirrorSession, PlanEngine, PlanEngineOptions, ScanRequest, TableSource};
use model::catalogue::{self, Column, ColumnDefault, ColumnType, Presence, Table};
use model::id::{ProviderId, Revision};
use model::money::Currency;
use model::provider::Provider;
use model::time::{Date, Instant, Zone};

/// The value of instants that a row does not give.
const SOME_TIME: &str = "2020-01-01T00:00:00Z";

struct Literal {
    rows: BTreeMap<String, Vec<BTreeMap<String, String>>>,
}

impl TableSource for Literal {
    fn table(
        &self,
        table: &'static Table,
        _: ScanRequest,
    ) -> Result<Arc<dyn TableProvider>, MirrorError> {
        let rows = self.rows.get(table.name).map(Vec::as_slice).unwrap_or_default();
        // Two partitions, so that no test relies on the order in which rows arrive.
        let partitions = [0, 1].map(|half| {
            let half = rows.iter().skip(half).step_by(2).collect::<Vec<_>>();
            vec![batch(table, &half)]
        });
        Ok(Arc::new(MemTable::try_new(table_schema(table), partitions.to_vec())?))
    }
}

fn batch(table: &Table, rows: &[&BTreeMap<String, String>]) -> RecordBatch {
    for name in rows.iter().flat_map(|row| row.keys()) {
        assert!(table.position_of(name).is_some(), "{} has no column {name}", table.name);
    }
    let columns = table.columns.iter().map(|column| {
        let cells = rows.iter().map(|row| match row.get(column.name) {
            Some(cell) => (cell != "-").then(|| cell.clone()),
            None => default(column),
        });
        array(column.kind, &cells.collect::<Vec<_>>())
    });
    RecordBatch::try_new(table_schema(table), columns.collect()).unwrap()
}

fn default(column: &Column) -> Option<String> {
    match column.presence {
        Presence::Default(ColumnDefault::Int(value)) if column.kind == ColumnType::Bool => {
            Some((value != 0).to_string())
        }
        Presence::Default(ColumnDefault::Int(value)) => Some(value.to_string()),
        Presence::Default(ColumnDefault::Text(value)) => Some(value.to_owned()),
        Presence::Nullable | Presence::NullableDefault(_) => None,
        Presence::Required | Presence::Default(_) => Some(match column.kind {
            ColumnType::Int { .. } | ColumnType::Money | ColumnType::Percent => "1".to_owned(),
            ColumnType::Currency => "gbp".to_owned(),
            ColumnType::Instant => SOME_TIME.to_owned(),
            ColumnType::Date => "2020-01-01".to_owned(),
            ColumnType::Enum(words) => words[0].to_owned(),
            _ => "?".to_owned(),
        }),
    }
}

fn array(kind: ColumnType, cells: &[Option<String>]) -> ArrayRef {
    let cells = cells.iter().map(Option::as_deref);
    let ints = cells.clone().map(|cell| cell.map(|text| text.parse::<i64>().unwrap()));
    match kind {
        ColumnType::Int { .. } | ColumnType::Money => Arc::new(ints.collect::<Int64Array>()),
        ColumnType::Bool => {
            Arc::new(cells.map(|cell| cell.map(|text| text == "true")).collect::<BooleanArray>())
        }
        ColumnType::Date => {
            let days = cells.map(|cell| cell.map(|text| Date::parse(text).unwrap().days()));
            Arc::new(days.collect::<Date32Array>())
        }
        ColumnType::Instant => {
            let micros = cells.map(|cell| cell.map(|text| instant(text).micros()));
            Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        ColumnType::Percent => {
            let parts = ints.map(|cell| cell.map(i128::from)).collect::<Decimal128Array>();
            Arc::new(parts.with_precision_and_scale(7, 4).unwrap())
        }
        ColumnType::TextList => {
            let mut lists = ListBuilder::new(StringViewBuilder::new());
            for cell in cells {
                let items = items(cell.unwrap_or_default());
                lists.append_value(items.iter().map(Some));
            }
            Arc::new(lists.finish())
        }
        ColumnType::IntList => {
            let mut lists = ListBuilder::new(Int64Builder::new());
            for cell in cells {
                let items = items(cell.unwrap_or_default());
                lists.append_value(items.iter().map(|item| Some(item.parse::<i64>().unwrap())));
            }
            Arc::new(lists.finish())
        }
        _ => Arc::new(cells.collect::<StringViewArray>()),
    }
}

fn items(text: &str) -> Vec<String> {
    let inside = text.trim_start_matches('[').trim_end_matches(']');
    inside.split(',').filter(|item| !item.is_empty()).map(|item| item.trim().to_owned()).collect()
}

/// Parses an instant.
pub fn instant(text: &str) -> Instant {
    Instant::parse(text).unwrap()
}

/// Returns a provider in London whose currency is the pound.
pub fn provider() -> Provider {
    let mut provider = Provider::new(ProviderId(1), "Studio");
    provider.currency = Currency::parse("gbp").unwrap();
    provider.timezone = Zone::parse("Europe/London").unwrap();
    provider
}

/// Makes a session over tables, each written as a name, a line of columns, and one line per row.
/// `-` is null, and an empty line ends a table.
pub fn session(tables: &str) -> MirrorSession {
    session_of(provider(), tables)
}

/// Makes such a session for another provider.
pub fn session_of(provider: Provider, tables: &str) -> MirrorSession {
    let mut rows = BTreeMap::new();
    let cells = |line: &str| line.split('|').map(|c| c.trim().to_owned()).collect::<Vec<_>>();
    for table in tables.split("\n\n").filter(|table| !table.trim().is_empty()) {
        let mut lines = table.trim().lines();
        let name = lines.next().unwrap().trim();
        assert!(catalogue::table(name).is_some(), "no table {name}");
        let names = cells(lines.next().unwrap());
        let records = lines.map(|line| {
            let cells = cells(line);
            assert_eq!(cells.len(), names.len(), "{name}: {line}");
            names.iter().cloned().zip(cells).collect::<BTreeMap<_, _>>()
        });
        assert!(rows.insert(name.to_owned(), records.collect()).is_none(), "{name} comes twice");
    }
    let options = PlanEngineOptions::new(2, 64 << 20, std::env::temp_dir());
    let engine = Arc::new(PlanEngine::start(&options).unwrap());
    MirrorSession::new(engine, Arc::new(provider), Revision(9), Arc::new(Literal { rows }))
}
