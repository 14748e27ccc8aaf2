//! The tables that every store has, whatever the database: the store's own and the catalogue's.

use std::sync::LazyLock;

use model::catalogue;

/// A table of a store.
#[derive(Debug)]
pub(crate) struct StoredTable {
    /// The name of the table.
    pub(crate) name: &'static str,
    /// True if the table is in the jobs file, where the store has two files.
    pub(crate) is_in_jobs_file: bool,
    /// True if the database numbers its rows, in a column `id`.
    pub(crate) has_generated_ids: bool,
    /// The number of columns, from the first on, that make up the key.
    pub(crate) key_columns: usize,
    /// The columns, those of the key first.
    pub(crate) columns: Vec<StoredColumn>,
}

/// A column of a stored table.
#[derive(Debug)]
pub(crate) struct StoredColumn {
    /// The name of the column.
    pub(crate) name: &'static str,
    /// The kind of the values.
    pub(crate) kind: ColumnKind,
}

/// The kind of a column's values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnKind {
    /// 64-bit integers.
    Int,
    /// True or false.
    Bool,
    /// Texts.
    Text,
    /// Bytes.
    Bytes,
}

/// The tables beside the catalogue's: the name, whether it is in the jobs file, whether the
/// database numbers its rows, and the columns, those of the key first. `+` marks a column of the
/// key, `#` an integer, `?` a bool, `%` bytes.
const OWN: &[(&str, bool, bool, &str)] = &[
    ("revision", false, false, "+#one #current"),
    ("table_revisions", false, false, "+table_name #rev"),
    ("deleted_rows", false, false, "+table_name +#provider_id +#id #rev"),
    (
        "providers",
        false,
        false,
        "+#id name timezone currency week_starts_on usage_alignment usage_rounding \
         ?exports_enabled #rev",
    ),
    (
        "tokens",
        false,
        true,
        "+#id %hash prefix name email providers permissions ?read_only #customer_id #expires_at \
         #created_at #revoked_at #last_used_on",
    ),
    ("idempotency_keys", false, false, "+#provider_id +key %request_hash answer #created_at"),
    ("secrets", false, false, "+name %value"),
    (
        "closed_months",
        false,
        false,
        "+#provider_id +#month +#version #closed_at closed_by note #revision facts #reopened_at \
         reopened_by reopen_reason",
    ),
    (
        "closed_parts",
        false,
        true,
        "+#id #provider_id #month #version currency kind #bytes %sha256 facts",
    ),
    ("closed_chunks", false, false, "+#part_id +#chunk %content"),
    ("audit_log", false, true, "+#id #provider_id #at who kind subject detail"),
    (
        "jobs",
        true,
        true,
        "+#id uuid #provider_id kind subject request #requester_id requester_email group_name \
         request_id #revision_min ?is_exclusive state #rows_done #rows_total #revision #attempts \
         #attempts_max worker #lease_until #not_before error_code error_message #created_at \
         #started_at #finished_at #updated_at #expires_at manifest #downloads",
    ),
    (
        "job_files",
        true,
        false,
        "+#job_id +#position part path name content_type #bytes sha256 ?is_consumed",
    ),
    ("job_keys", true, false, "+#provider_id +key %request_hash jobs answer #created_at"),
    ("identities", true, true, "+#id subject"),
    (
        "webhooks",
        true,
        true,
        "+#id #provider_id url description events ?has_all_events ?is_enabled secret #created_at \
         #updated_at #failures #rests_until",
    ),
    (
        "deliveries",
        true,
        true,
        "+#id #provider_id #webhook_id mailbox event_id event_type payload #attempt state \
         #status_code error #duration_ms #created_at #next_attempt_at #ended_at worker \
         #lease_until",
    ),
    ("turns", true, false, "+queue +#provider_id #turn"),
];

static TABLES: LazyLock<Vec<StoredTable>> = LazyLock::new(|| {
    let own = OWN.iter().map(|(name, is_work, has_numbers, columns)| StoredTable {
        name,
        is_in_jobs_file: *is_work,
        has_generated_ids: *has_numbers,
        key_columns: columns.split_whitespace().filter(|c| c.starts_with('+')).count(),
        columns: columns.split_whitespace().map(parse_column).collect(),
    });
    own.chain(catalogue::tables().iter().map(from_catalogue_table)).collect()
});

/// Returns every table of a store.
pub(crate) fn stored_tables() -> &'static [StoredTable] {
    &TABLES
}

fn parse_column(text: &'static str) -> StoredColumn {
    let text = text.trim_start_matches('+');
    let marks = [('#', ColumnKind::Int), ('?', ColumnKind::Bool), ('%', ColumnKind::Bytes)];
    let marked = marks.iter().find_map(|(mark, kind)| Some((text.strip_prefix(*mark)?, *kind)));
    let (name, kind) = marked.unwrap_or((text, ColumnKind::Text));
    StoredColumn { name, kind }
}

fn from_catalogue_table(table: &'static catalogue::Table) -> StoredTable {
    let int = |name| StoredColumn { name, kind: ColumnKind::Int };
    let columns = table.columns.iter().map(|column| StoredColumn {
        name: column.name,
        kind: if column.is_integer() { ColumnKind::Int } else { ColumnKind::Text },
    });
    // The catalogue's first column is `id`, so provider and id come first.
    let mut columns: Vec<_> = [int("provider_id")].into_iter().chain(columns).collect();
    columns.push(int("rev"));
    StoredTable {
        name: table.name,
        is_in_jobs_file: false,
        has_generated_ids: false,
        key_columns: 2,
        columns,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns `table.column` for each column of a schema given as SQL.
    fn columns_in_schema(sql: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        let mut table = String::new();
        for line in sql.lines() {
            if let Some(added) = line.strip_prefix("ALTER TABLE ") {
                let mut words = added.split(' ');
                let (table, name) = (words.next().unwrap(), words.nth(2).unwrap());
                found.insert(format!("{table}.{name}"));
            } else if let Some(rest) = line.strip_prefix("CREATE TABLE ") {
                table = rest.split([' ', '(']).next().unwrap_or_default().replace('"', "");
            } else if let Some(rest) = line.strip_prefix("    ") {
                let name = rest.split(' ').next().unwrap_or_default().replace('"', "");
                if !["PRIMARY", "UNIQUE", "CHECK", "", "WHERE"].contains(&name.as_str()) {
                    found.insert(format!("{table}.{name}"));
                }
            }
        }
        found
    }

    #[test]
    fn every_column_of_both_databases_moves() {
        let columns = |table: &StoredTable| {
            let name = table.name;
            table.columns.iter().map(move |c| format!("{name}.{}", c.name)).collect::<Vec<_>>()
        };
        let moved: BTreeSet<_> = stored_tables().iter().flat_map(columns).collect();
        let work = crate::sqlite::jobs_file_migrations().concat();
        assert_eq!(moved, columns_in_schema(&(crate::sqlite::schema() + &work)));
        assert_eq!(moved, columns_in_schema(&crate::postgres::schema()));
    }
}
