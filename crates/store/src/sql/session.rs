//! A connection that runs statements, and what the two databases spell differently.
//!
//! Statements are written with `?1`, `?2` … for parameters, and with these words in braces:
//!
//! | word | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | `{in ?N}` | `IN (SELECT value FROM json_each(?N))` | `= ANY(?N)` |
//! | `{int ?N}`, `{text ?N}`, `{texts ?N}` | `?N` | `?N::bigint`, `?N::text`, `?N::text[]` |
//! | `{has events ?N}` | `EXISTS (… json_each(events) …)` | `jsonb_exists(events::jsonb, ?N)` |
//! | `{join}` | `CROSS JOIN`, which keeps the order of the tables | `JOIN` |
//! | `{lock}` | nothing: one writer at a time | `FOR UPDATE` |
//! | `{lock free}` | nothing | `FOR UPDATE SKIP LOCKED` |
//! | `{lock job j}` | nothing | `FOR UPDATE OF j SKIP LOCKED` |

use super::value::{SqlRow, SqlValue};
use crate::error::StoreError;

/// A database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SqlDialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
}

/// A connection to a database, in a transaction or not.
pub(crate) trait SqlSession {
    /// Returns the database that it is connected to.
    fn dialect(&self) -> SqlDialect;

    /// Runs a statement and returns the number of rows that it changed. `context` says in an error
    /// what was being done.
    fn run(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<u64, StoreError>;

    /// Returns all rows of a query.
    fn all(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Vec<SqlRow>, StoreError>;

    /// Returns the first row of a query, if it has one.
    fn find(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<Option<SqlRow>, StoreError> {
        Ok(self.all(context, sql, values)?.into_iter().next())
    }

    /// Returns the row of a query that always has one.
    fn one(
        &self,
        context: &'static str,
        sql: &str,
        values: &[SqlValue<'_>],
    ) -> Result<SqlRow, StoreError> {
        let row = self.find(context, sql, values)?;
        row.ok_or_else(|| StoreError::damaged(format!("{context}: no row")))
    }
}

/// Waits until no other transaction holds the same lock. SQLite has one writer at a time anyway.
pub(crate) fn wait_for_turn(
    session: &dyn SqlSession,
    context: &'static str,
    sql: &str,
    values: &[SqlValue<'_>],
) -> Result<(), StoreError> {
    match session.dialect() {
        SqlDialect::Sqlite => Ok(()),
        SqlDialect::Postgres => session.run(context, sql, values).map(drop),
    }
}

/// Returns the tables to read, and the value, of the items of a column that holds a JSON list of
/// integers. The row of `table` is `c`.
pub(crate) fn list_items(dialect: SqlDialect, table: &str, column: &str) -> (String, String) {
    match dialect {
        SqlDialect::Sqlite => {
            (format!("\"{table}\" c, json_each(c.\"{column}\") j"), "j.value".to_owned())
        }
        SqlDialect::Postgres => (
            format!("\"{table}\" c, jsonb_array_elements_text(c.\"{column}\"::jsonb) j (value)"),
            "j.value::bigint".to_owned(),
        ),
    }
}

/// Returns a statement as a database spells it.
pub(crate) fn text_for(dialect: SqlDialect, sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 32);
    let mut rest = sql;
    while let Some(open) = rest.find('{') {
        text.push_str(&rest[..open]);
        let (word, after) = rest[open + 1..].split_once('}').unwrap_or((&rest[open + 1..], ""));
        push_word(&mut text, dialect, word);
        rest = after;
    }
    text.push_str(rest);
    if dialect == SqlDialect::Postgres { text.replace('?', "$") } else { text }
}

fn push_word(text: &mut String, dialect: SqlDialect, word: &str) {
    let (word, parameter) = word.split_once(" ?").unwrap_or((word, ""));
    match (dialect, word) {
        (SqlDialect::Sqlite, "in") => {
            text.push_str(&format!("IN (SELECT value FROM json_each(?{parameter}))"));
        }
        (SqlDialect::Postgres, "in") => text.push_str(&format!("= ANY(?{parameter})")),
        (SqlDialect::Sqlite, "has events") => {
            let list =
                format!("EXISTS (SELECT 1 FROM json_each(events) WHERE value = ?{parameter})");
            text.push_str(&list);
        }
        (SqlDialect::Postgres, "has events") => {
            text.push_str(&format!("jsonb_exists(events::jsonb, ?{parameter})"));
        }
        (SqlDialect::Postgres, "int") => text.push_str(&format!("?{parameter}::bigint")),
        (SqlDialect::Sqlite, "text" | "texts" | "int") => text.push_str(&format!("?{parameter}")),
        (SqlDialect::Postgres, "text") => text.push_str(&format!("?{parameter}::text")),
        (SqlDialect::Postgres, "texts") => text.push_str(&format!("?{parameter}::text[]")),
        (SqlDialect::Sqlite, "join") => text.push_str("CROSS JOIN"),
        (SqlDialect::Postgres, "join") => text.push_str("JOIN"),
        (SqlDialect::Postgres, "lock job j") => text.push_str("FOR UPDATE OF j SKIP LOCKED"),
        (SqlDialect::Postgres, "lock") => text.push_str("FOR UPDATE"),
        (SqlDialect::Postgres, "lock free") => text.push_str("FOR UPDATE SKIP LOCKED"),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_spelled_for_each_database() {
        for (sql, sqlite, postgres) in [
            ("SELECT ?1, ?2", "SELECT ?1, ?2", "SELECT $1, $2"),
            ("x {in ?3}", "x IN (SELECT value FROM json_each(?3))", "x = ANY($3)"),
            ("{texts ?2} IS NULL", "?2 IS NULL", "$2::text[] IS NULL"),
            ("{text ?2} IS NULL", "?2 IS NULL", "$2::text IS NULL"),
            ("a {lock}", "a ", "a FOR UPDATE"),
            ("a {lock free})", "a )", "a FOR UPDATE SKIP LOCKED)"),
        ] {
            assert_eq!(text_for(SqlDialect::Sqlite, sql), sqlite);
            assert_eq!(text_for(SqlDialect::Postgres, sql), postgres);
        }
    }
}
