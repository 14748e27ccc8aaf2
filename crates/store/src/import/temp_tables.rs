//! Temporary tables for what a call must remember until its end, so that memory stays bounded
//! however many rows come. They are empty at the beginning of a call.

use crate::sql::session::SqlDialect;

/// A temporary table whose columns hold integers, except those in `texts`.
pub(crate) struct TempTable {
    /// The name of the table.
    pub(crate) name: &'static str,
    /// The names of the columns, in the order in which rows are added.
    pub(crate) columns: &'static [&'static str],
    /// The columns that hold texts.
    texts: &'static [&'static str],
    /// The columns of the primary key; empty for none.
    key: &'static [&'static str],
    /// The clause that says what becomes of a row whose key exists.
    pub(crate) on_conflict: &'static str,
}

const KEEP_FIRST: &str = "ON CONFLICT DO NOTHING";

/// References whose target is not there yet.
pub(crate) static PENDING_REFERENCES: TempTable = TempTable {
    name: "pending_references",
    columns: &["source", "position", "id", "line", "target", "target_id"],
    texts: &[],
    key: &[],
    on_conflict: "",
};
/// Offering types in allotments that do not fit yet.
pub(crate) static PENDING_ALLOTMENTS: TempTable = TempTable {
    name: "pending_allotments",
    columns: &[
        "number",
        "source",
        "position",
        "id",
        "line",
        "offering_type_id",
        "is_course",
        "path",
    ],
    texts: &["path"],
    key: &["number"],
    on_conflict: "",
};
/// Rows whose currency differs from their invoice's so far.
pub(crate) static PENDING_CURRENCIES: TempTable = TempTable {
    name: "pending_currencies",
    columns: &["source", "id", "line", "invoice_id", "currency"],
    texts: &["currency"],
    key: &["source", "id"],
    on_conflict: "ON CONFLICT (source, id) DO UPDATE SET line = excluded.line, \
        invoice_id = excluded.invoice_id, currency = excluded.currency",
};
/// Rows that still lack a value from their parent.
pub(crate) static UNFILLED: TempTable = row_lines("unfilled");
/// Rows whose change concerns rows that depend on them.
pub(crate) static ALTERED: TempTable = row_lines("altered");
/// Rows that were deleted and may be referenced.
pub(crate) static REMOVED: TempTable = row_lines("removed");
/// Deleted rows that are still referenced, each with one row that references it.
pub(crate) static BLOCKED: TempTable = TempTable {
    name: "blocked",
    columns: &["source", "id", "by_table", "by_id"],
    texts: &[],
    key: &["source", "id"],
    on_conflict: KEEP_FIRST,
};
/// Customer memberships whose holds changed, with the instant of the change.
pub(crate) static BUMPS: TempTable = TempTable {
    name: "bumps",
    columns: &["id", "updated_at"],
    texts: &[],
    key: &["id"],
    on_conflict: "ON CONFLICT (id) DO UPDATE SET updated_at = CASE \
        WHEN excluded.updated_at > bumps.updated_at THEN excluded.updated_at \
        ELSE bumps.updated_at END",
};
/// Rows that the call has met and not written.
pub(crate) static SEEN: TempTable = TempTable {
    name: "seen",
    columns: &["source", "how", "id"],
    texts: &[],
    key: &["source", "how", "id"],
    on_conflict: KEEP_FIRST,
};

static ALL: [&TempTable; 9] = [
    &PENDING_REFERENCES,
    &PENDING_ALLOTMENTS,
    &PENDING_CURRENCIES,
    &UNFILLED,
    &ALTERED,
    &REMOVED,
    &BLOCKED,
    &BUMPS,
    &SEEN,
];

/// Returns a table of rows, with the lines of the input that they came from.
const fn row_lines(name: &'static str) -> TempTable {
    TempTable {
        name,
        columns: &["source", "id", "line"],
        texts: &[],
        key: &["source", "id"],
        on_conflict: KEEP_FIRST,
    }
}

impl TempTable {
    /// Returns true if the column at `position` holds texts.
    pub(crate) fn is_text(&self, position: usize) -> bool {
        self.texts.contains(&self.columns[position])
    }

    fn create(&self, dialect: SqlDialect) -> String {
        let column = |position: usize| {
            let kind = if self.is_text(position) { "TEXT" } else { "BIGINT" };
            format!("{} {kind} NOT NULL", self.columns[position])
        };
        let mut parts: Vec<_> = (0..self.columns.len()).map(column).collect();
        if !self.key.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", self.key.join(", ")));
        }
        let options = match dialect {
            SqlDialect::Sqlite if self.key.is_empty() => "",
            SqlDialect::Sqlite => " WITHOUT ROWID",
            SqlDialect::Postgres => " ON COMMIT DELETE ROWS",
        };
        let (name, parts) = (self.name, parts.join(", "));
        format!("CREATE TEMP TABLE IF NOT EXISTS {name} ({parts}){options};\n")
    }
}

/// Returns the statements that create the tables, unless the connection has them.
pub(crate) fn create_all(dialect: SqlDialect) -> String {
    ALL.iter().map(|table| table.create(dialect)).collect()
}

/// Returns the statements that empty the tables.
pub(crate) fn empty_all() -> String {
    ALL.iter().map(|table| format!("DELETE FROM {};\n", table.name)).collect()
}
