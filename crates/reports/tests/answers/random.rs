//! Random tables and random requests.

use model::catalogue::{self, Column, ColumnType, Table};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// Rows refer to ids from 1 to this.
const IDS: i64 = 50;
const TEXTS: [&str; 6] = ["Ann", "ann", "Zoë", "=SUM(A1)", "more than twelve bytes", "code"];

/// Makes every table with `rows` rows, in the text form of sessions. With enough rows every
/// reference finds its row, as after an import.
pub(crate) fn tables(rng: &mut ChaCha8Rng, rows: usize) -> String {
    let tables = catalogue::tables().iter().map(|table| one_table(rng, table, rows));
    tables.collect::<Vec<_>>().join("\n\n")
}

fn one_table(rng: &mut ChaCha8Rng, table: &Table, rows: usize) -> String {
    let names: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
    let mut text = format!("{}\n{}", table.name, names.join(" | "));
    assert!(rows as i64 >= IDS);
    for id in 1..=rows {
        let cells = table.columns.iter().enumerate().map(|(position, column)| match position {
            catalogue::ID => id.to_string(),
            _ => cell(rng, column),
        });
        text.push_str(&format!("\n{}", cells.collect::<Vec<_>>().join(" | ")));
    }
    text
}

fn cell(rng: &mut ChaCha8Rng, column: &Column) -> String {
    if column.is_nullable() && rng.random_bool(0.4) {
        return "-".to_owned();
    }
    let day = |rng: &mut ChaCha8Rng| {
        let (year, month) = (rng.random_range(2025..=2026), rng.random_range(1..=3));
        format!("{year}-0{month}-{:02}", rng.random_range(1..=28))
    };
    match column.kind {
        ColumnType::Int { .. } => rng.random_range(1..=IDS).to_string(),
        ColumnType::Money => (rng.random_range(-3..30) * 150).to_string(),
        ColumnType::Percent => rng.random_range(0..100).to_string(),
        ColumnType::Bool => rng.random_bool(0.5).to_string(),
        ColumnType::Date => day(rng),
        ColumnType::Instant => format!("{}T{:02}:30:00Z", day(rng), rng.random_range(0..24)),
        ColumnType::Text => pick(rng, &TEXTS).to_owned(),
        ColumnType::Enum(words) => pick(rng, words).to_owned(),
        ColumnType::Currency => pick(rng, &["gbp", "eur", "jpy"]).to_owned(),
        ColumnType::Country => pick(rng, &["DE", "US"]).to_owned(),
        ColumnType::Json => r#"{"shirt":"L"}"#.to_owned(),
        ColumnType::Allotment => {
            r#"{"period_limits":[{"period":"month","max_uses":4}]}"#.to_owned()
        }
        ColumnType::TextList => "[a, b]".to_owned(),
        ColumnType::IntList => {
            format!("[{}, {}]", rng.random_range(1..=IDS), rng.random_range(1..=IDS))
        }
    }
}

fn pick<'a>(rng: &mut ChaCha8Rng, from: &[&'a str]) -> &'a str {
    from[rng.random_range(0..from.len())]
}

/// Makes a query string with columns, a sort and a filter of a report, but without paging.
pub(crate) fn request(rng: &mut ChaCha8Rng, description: &Value) -> String {
    let columns = description["columns"].as_array().unwrap();
    let is_grouped = description["grouped"] == true;
    let key = |column: &Value| column["key"].as_str().unwrap().to_owned();
    let mut parts = Vec::new();
    let mut chosen: Vec<&Value> = Vec::new();
    if is_grouped || rng.random_bool(0.6) {
        let some = 0..rng.random_range(1..6);
        chosen = some.map(|_| &columns[rng.random_range(0..columns.len())]).collect();
        let names = chosen.iter().map(|column| key(column)).collect::<Vec<_>>();
        parts.push(format!("columns={}", names.join(",")));
    }
    let pivots = description["pivots"].as_array().unwrap();
    if !pivots.is_empty() && chosen.iter().any(|column| column["role"] == "measure") {
        parts
            .push(format!("pivot={}", pivots[rng.random_range(0..pivots.len())].as_str().unwrap()));
    }
    let sortable: Vec<_> = if is_grouped {
        chosen.into_iter().filter(|column| column["sortable"] == true).collect()
    } else {
        columns.iter().filter(|column| column["sortable"] == true).collect()
    };
    if !sortable.is_empty() && rng.random_bool(0.6) {
        let items = (0..rng.random_range(1..3)).map(|_| {
            let sign = if rng.random_bool(0.5) { "-" } else { "" };
            format!("{sign}{}", key(sortable[rng.random_range(0..sortable.len())]))
        });
        parts.push(format!("sort={}", items.collect::<Vec<_>>().join(",")));
    }
    if rng.random_bool(0.7) {
        let filters = description["filters"].as_array().unwrap();
        let chosen = &filters[rng.random_range(0..filters.len())];
        parts.extend(filter(rng, chosen));
    }
    parts.join("&")
}

fn filter(rng: &mut ChaCha8Rng, filter: &Value) -> Option<String> {
    let name = filter["name"].as_str().unwrap();
    let value = match (filter["enum"].as_array(), filter["type"].as_str().unwrap()) {
        (Some(words), _) => words[rng.random_range(0..words.len())].as_str().unwrap().to_owned(),
        (None, "bool") => rng.random_bool(0.5).to_string(),
        (None, "int[]") => {
            (1..IDS / 2).map(|id| (id * 2).to_string()).collect::<Vec<_>>().join(",")
        }
        (None, "date" | "dt") => "2025-06-01".to_owned(),
        (None, "tf") => pick(rng, &["last_400_days", "2026", "all"]).to_owned(),
        _ => return None,
    };
    Some(format!("{name}={value}"))
}
