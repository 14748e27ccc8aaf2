//! The envelope and the CSV page. Rule: spec/reports.md §3, §7.2.

use serde_json::{Map, Value as Json, json};

use super::value::{OracleValue, guarded};

/// A page of a report.
pub(super) struct OraclePage {
    pub(super) total: usize,
    pub(super) headers: Vec<OracleHeader>,
    /// One value per header.
    pub(super) rows: Vec<Vec<OracleValue>>,
    /// Currency columns at the end of a CSV file.
    pub(super) currencies: Vec<CurrencyColumn>,
    pub(super) pivot_truncated: bool,
}

/// The metadata of a column.
pub(super) struct OracleHeader {
    pub(super) key: String,
    pub(super) label: String,
    pub(super) sortable: bool,
    /// Sort priority, and true if descending.
    pub(super) sorted: Option<(usize, bool)>,
    pub(super) holds_customer_id: bool,
    pub(super) required: bool,
}

/// A column of currencies at the end of a CSV file, one upper-case code per row.
pub(super) struct CurrencyColumn {
    pub(super) label: String,
    pub(super) codes: Vec<String>,
}

impl OraclePage {
    pub(super) fn envelope(&self) -> Json {
        let rows = self.rows.iter().map(|row| {
            let leaves = self.headers.iter().zip(row);
            nested(leaves.map(|(header, value)| (header.key.as_str(), value.json())).collect())
        });
        let mut envelope = json!({
            "total": self.total,
            "column_headers": self.headers.iter().map(OracleHeader::json).collect::<Vec<_>>(),
            "rows": rows.collect::<Vec<_>>(),
        });
        if self.pivot_truncated {
            envelope["pivot_truncated"] = json!(true);
        }
        envelope
    }

    pub(super) fn csv(&self) -> String {
        let labels = self.headers.iter().map(|header| &header.label);
        let labels = labels.chain(self.currencies.iter().map(|currency| &currency.label));
        let mut csv = line(labels.map(|label| guarded(label)).collect());
        for (number, row) in self.rows.iter().enumerate() {
            let cells = row.iter().zip(&self.headers).map(|(value, header)| {
                if header.key == "currency" {
                    value.csv().to_ascii_uppercase()
                } else {
                    value.csv()
                }
            });
            let currencies = self.currencies.iter().map(|currency| currency.codes[number].clone());
            csv.push_str(&line(cells.chain(currencies).collect()));
        }
        csv
    }
}

impl OracleHeader {
    fn json(&self) -> Json {
        let mut header = json!({"label": self.label, "key": self.key, "sortable": self.sortable});
        if let Some((priority, descending)) = self.sorted {
            let order = if descending { "desc" } else { "asc" };
            header["sorted"] = json!({"order": order, "priority": priority});
        }
        if self.holds_customer_id {
            header["holds_customer_id"] = json!(true);
        }
        header["required"] = json!(self.required);
        header
    }
}

/// Returns a nested object for dotted keys. A parent without any value below it is null.
fn nested(leaves: Vec<(&str, Json)>) -> Json {
    let mut object = Map::new();
    for (key, value) in &leaves {
        let Some((parent, _)) = key.split_once('.') else {
            object.insert((*key).to_owned(), value.clone());
            continue;
        };
        if object.contains_key(parent) {
            continue;
        }
        let prefix = format!("{parent}.");
        let below = leaves
            .iter()
            .filter_map(|(key, value)| key.strip_prefix(&prefix).map(|rest| (rest, value.clone())));
        let below = below.collect::<Vec<_>>();
        let is_null = below.iter().all(|(_, value)| value.is_null());
        let child = if is_null { Json::Null } else { nested(below) };
        object.insert(parent.to_owned(), child);
    }
    Json::Object(object)
}

fn line(cells: Vec<String>) -> String {
    if cells == [""] {
        // Readers skip empty lines, so a row with one empty cell is written as an empty quoted
        // text.
        return "\"\"\r\n".to_owned();
    }
    cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn quoted(cell: &str) -> String {
    let special = cell.contains([',', '"', '\r', '\n']);
    if special || cell.starts_with(' ') || cell.ends_with(' ') {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}
