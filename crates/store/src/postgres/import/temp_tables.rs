//! Temporary tables for what a call must remember until its end, so that memory stays bounded
//! however many rows come. They are emptied at the end of the transaction.

use crate::error::StoreError;
use crate::postgres::connections::PostgresSession;

const CREATE: &str = "
SET LOCAL client_min_messages = warning;
CREATE TEMP TABLE IF NOT EXISTS pending_references (
    source BIGINT NOT NULL, position BIGINT NOT NULL, id BIGINT NOT NULL,
    line BIGINT NOT NULL, target BIGINT NOT NULL, target_id BIGINT NOT NULL
    ) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS pending_allotments (
    number BIGINT GENERATED ALWAYS AS IDENTITY, source BIGINT NOT NULL, position BIGINT NOT NULL,
    id BIGINT NOT NULL, line BIGINT NOT NULL, offering_type_id BIGINT NOT NULL,
    is_course BOOLEAN NOT NULL, path TEXT NOT NULL) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS pending_currencies (
    source BIGINT NOT NULL, id BIGINT NOT NULL, line BIGINT NOT NULL,
    invoice_id BIGINT NOT NULL, currency TEXT NOT NULL, PRIMARY KEY (source, id)
    ) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS unfilled (
    source BIGINT NOT NULL, id BIGINT NOT NULL, line BIGINT NOT NULL, PRIMARY KEY (source, id)
    ) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS altered (
    source BIGINT NOT NULL, id BIGINT NOT NULL, line BIGINT NOT NULL, PRIMARY KEY (source, id)
    ) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS removed (
    source BIGINT NOT NULL, id BIGINT NOT NULL, line BIGINT NOT NULL, PRIMARY KEY (source, id)
    ) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS blocked (
    source BIGINT NOT NULL, id BIGINT NOT NULL, by_table BIGINT NOT NULL,
    by_id BIGINT NOT NULL, PRIMARY KEY (source, id)) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS bumps (
    id BIGINT NOT NULL PRIMARY KEY, updated_at BIGINT NOT NULL) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS seen (
    source BIGINT NOT NULL, how BIGINT NOT NULL, id BIGINT NOT NULL, PRIMARY KEY (source, how, id)
    ) ON COMMIT DELETE ROWS;
";

/// Creates the temporary tables of a connection, unless an earlier import has.
pub(super) fn create_temp_tables(session: &PostgresSession<'_>) -> Result<(), StoreError> {
    session.run_script("prepare for an import", CREATE)
}
