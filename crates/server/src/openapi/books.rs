//! Parameters, bodies and answers of the endpoints of the books. Schemas of rows come from the
//! columns that write them.

use accounting::package::FieldKind;
use accounting::{LedgerCategory, issue, trial_balance};
use books::parts::{BookTableColumn, table_columns};
use serde_json::{Map, Value, json};

use super::{
    as_required, json_answer, object_schema, query_parameter, reports as documented,
    schema_reference,
};
use books::audit;
use books::views::{aging, balance, revenue};

/// Returns a required text parameter in the query.
pub(crate) fn text_parameter(name: &str, description: &str) -> Value {
    as_required(query_parameter(name, description, json!({"type": "string"})))
}

/// Returns a parameter in the query with one of these words. The first is the default.
pub(crate) fn word_parameter(name: &str, description: &str, words: &[&str]) -> Value {
    let schema = json!({"type": "string", "enum": words, "default": words.first()});
    query_parameter(name, description, schema)
}

/// Returns an optional parameter in the query with one of these words.
pub(crate) fn optional_word_parameter(name: &str, description: &str, words: &[&str]) -> Value {
    query_parameter(name, description, json!({"type": "string", "enum": words}))
}

/// Returns an optional parameter in the query with a number from 1.
pub(crate) fn number_parameter(name: &str, description: &str) -> Value {
    query_parameter(name, description, json!({"type": "integer", "minimum": 1}))
}

/// Returns a required date parameter in the query.
pub(crate) fn date_parameter(name: &str, description: &str) -> Value {
    as_required(optional_date_parameter(name, description))
}

/// Returns an optional date parameter in the query.
pub(crate) fn optional_date_parameter(name: &str, description: &str) -> Value {
    query_parameter(name, description, json!({"type": "string", "format": "date"}))
}

/// Returns a required month parameter in the query.
pub(crate) fn month_parameter(name: &str, description: &str) -> Value {
    as_required(optional_month_parameter(name, description))
}

/// Returns an optional month parameter in the query.
pub(crate) fn optional_month_parameter(name: &str, description: &str) -> Value {
    query_parameter(name, &format!("{description}, such as `2026-01`."), month_schema())
}

fn month_schema() -> Value {
    json!({"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"})
}

/// Returns the month parameter in the path.
pub(crate) fn month_path_parameter() -> Value {
    json!({
        "name": "month", "in": "path", "required": true,
        "description": "The month, such as `2026-01`.", "schema": month_schema(),
    })
}

/// Returns the required `currency` parameter.
pub(crate) fn currency_parameter() -> Value {
    as_required(optional_currency_parameter("Currencies are never added up."))
}

/// Returns the optional `currency` parameter.
pub(crate) fn optional_currency_parameter(description: &str) -> Value {
    let schema = json!({"type": "string", "pattern": "^[a-z]{3}$"});
    let description = format!("Code of ISO 4217 in lower case, such as `usd`. {description}");
    query_parameter("currency", &description, schema)
}

/// Returns the `format` parameter with these words.
pub(crate) fn format_parameter(words: &[&str]) -> Value {
    word_parameter(
        "format",
        "How the answer is written. In `json` amounts are in minor units.",
        words,
    )
}

/// Returns the `limit` parameter: the number of rows on a page.
pub(crate) fn limit_parameter(usual: u64, max: u64) -> Value {
    let schema = json!({"type": "integer", "minimum": 1, "maximum": max});
    let description = format!("Rows of the page, {usual} unless given; only for `json`.");
    query_parameter("limit", &description, schema)
}

/// Returns the `page` parameter, for answers in JSON.
pub(crate) fn page_parameter() -> Value {
    let mut page = super::page_number();
    page["description"] = json!("Number of the page, from 1; only for `json`.");
    page
}

/// Returns the body of the request that closes a month.
pub(crate) fn close_body() -> Value {
    body(
        false,
        json!({
            "note": {"type": "string", "description": "Kept with the closed month."},
            "include_earlier": {"type": "boolean",
                "description": "Close open months before it too, oldest first. Default: `false`."},
        }),
    )
}

/// Returns the body of the request that reopens a month.
pub(crate) fn reopen_body() -> Value {
    let mut body = body(
        true,
        json!({
            "reason": {"type": "string", "description": "Why. Kept with the month."},
        }),
    );
    body["content"]["application/json"]["schema"]["required"] = json!(["reason"]);
    body
}

fn body(is_required: bool, properties: Value) -> Value {
    json!({
        "required": is_required,
        "content": {"application/json": {"schema": {
            "type": "object", "properties": properties, "additionalProperties": false,
        }}},
    })
}

/// Returns an answer in JSON with the headers of answers from records.
pub(crate) fn answer_from_records(schema: &str, description: &str) -> Value {
    let mut answer = json_answer(schema_reference(schema), description);
    answer["headers"] = documented::answer_headers();
    answer
}

/// Returns an answer in JSON that is also available as a file in the formats `words`.
pub(crate) fn answer_or_file(schema: &str, description: &str, words: &[&str]) -> Value {
    let mut answer = answer_from_records(schema, description);
    let binary = json!({"type": "string", "format": "binary"});
    for (word, kind, schema) in [
        ("csv", "text/csv", json!({"type": "string"})),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            binary.clone(),
        ),
        ("parquet", "application/vnd.apache.parquet", binary),
    ] {
        if words.contains(&word) {
            answer["content"][kind] = json!({"schema": schema});
        }
    }
    answer
}

/// Returns the schemas of the answers, by name.
pub(super) fn schemas() -> [(String, Value); 12] {
    let month =
        |name: &str, text: &str| (name.to_owned(), json!({"type": "string", "description": text}));
    let period = [month("month", "The month."), month("as_of", "Up to when it is computed.")];
    let of_month = [month("month", "The month.")];
    let range = || [month("from", "First month."), month("to", "Last month.")];
    let aging_facts = [
        month("as_of", "The day."),
        ("accounts_receivable".to_owned(), amount()),
        ("customer_balance".to_owned(), amount()),
    ];
    let grouped = range().into_iter().chain([month("group_by", "What rows are grouped by.")]);
    let schemas = [
        ("Period", period_with_closings()),
        ("PeriodAnswer", object_schema(json!({"data": schema_reference("Period")}))),
        (
            "PeriodList",
            object_schema(json!({"data": {"type": "array", "items": schema_reference("Period")}})),
        ),
        ("PeriodGrid", view_schema(period, row_schema(&balance::grid_columns()))),
        ("Drift", drift_schema()),
        ("BookIssues", view_schema([], row_schema(&table_columns(issue::ISSUE_COLUMNS)))),
        (
            "TrialBalance",
            view_schema(
                of_month,
                row_schema(&table_columns(&trial_balance::trial_balance_columns())),
            ),
        ),
        ("DeferredWaterfall", view_schema(range(), waterfall_row())),
        ("ArAging", view_schema(aging_facts, row_schema(&aging::aging_columns()))),
        ("RevenueByPlan", view_schema(grouped, revenue_row())),
        (
            "AuditLog",
            view_schema([("meta".to_owned(), page_facts())], row_schema(&audit::audit_columns())),
        ),
        ("Explanation", object_schema(json!({"data": explanation_schema()}))),
    ];
    schemas.map(|(name, schema)| (name.to_owned(), schema))
}

/// Returns the schema of an amount in minor units. Amounts beyond 64 bits are text.
fn amount() -> Value {
    json!({"type": ["integer", "string"], "description": "Minor units."})
}

/// Returns the schema of amounts by account.
fn amounts() -> Value {
    let all = LedgerCategory::ALL.map(|category| (category.as_str().to_owned(), amount()));
    object_schema(Value::Object(Map::from_iter(all)))
}

fn optional(kind: &str, description: &str) -> Value {
    json!({"type": [kind, "null"], "description": description})
}

fn row_schema(columns: &[BookTableColumn]) -> Value {
    let all = columns.iter().map(|column| (column.name.clone(), field_schema(column.kind)));
    object_schema(Value::Object(all.collect()))
}

fn field_schema(kind: FieldKind) -> Value {
    match kind {
        FieldKind::Int => json!({"type": ["integer", "null"]}),
        FieldKind::Text => json!({"type": ["string", "null"]}),
        FieldKind::Bool => json!({"type": ["boolean", "null"]}),
        FieldKind::Date => json!({"type": ["string", "null"], "format": "date"}),
        FieldKind::Instant => json!({"type": ["string", "null"], "format": "date-time"}),
        FieldKind::Money => optional("integer", "Minor units."),
    }
}

/// Returns the schema of a report: facts about the request, the revision, and the rows.
fn view_schema(facts: impl IntoIterator<Item = (String, Value)>, row: Value) -> Value {
    let mut properties: Map<String, Value> = facts.into_iter().collect();
    let revision = json!({"type": "integer", "description": "Revision of the records."});
    properties.insert("rev".to_owned(), revision);
    properties.insert("data".to_owned(), json!({"type": "array", "items": row}));
    object_schema(Value::Object(properties))
}

fn waterfall_row() -> Value {
    let mut row = object_schema(json!({
        "booking_month": {"type": "string", "description": "A month, `earlier` or `total`."},
        "booked": amount(),
        "reversed": amount(),
        "remaining": amount(),
        "unscheduled": amount(),
        "currency": {"type": "string"},
    }));
    row["description"] =
        json!("Beside these one amount per month: `recognized_2026-01`, `future_2026-04`.");
    row["additionalProperties"] = amount();
    row
}

/// Returns the schema of a row of revenue, with the columns of all groupings. A row has those of
/// the requested grouping.
fn revenue_row() -> Value {
    let common = row_schema(&revenue::revenue_columns("plan"));
    let mut whole = common.clone();
    for word in ["plan", "product", "site"] {
        whole["properties"][format!("{word}_id")] = field_schema(FieldKind::Int);
        whole["properties"][format!("{word}_name")] = field_schema(FieldKind::Text);
    }
    let names = common["required"].as_array().into_iter().flatten();
    let always = names.filter(|name| !name.as_str().is_some_and(|name| name.starts_with("plan_")));
    whole["required"] = always.cloned().collect();
    whole
}

fn period_properties() -> Value {
    let package = object_schema(json!({
        "currency": {"type": "string"},
        "bundle": {"type": "string"},
        "bytes": {"type": "integer"},
        "sha256": {"type": "string"},
        "file_name": {"type": "string"},
    }));
    json!({
        "month": {"type": "string"},
        "state": {"type": "string", "enum": ["open", "closed"]},
        "closed_at": optional("string", "When it was closed."),
        "closed_by": optional("string", "Who closed it."),
        "note": optional("string", "What was noted."),
        "version": optional("integer", "Which of its closings this is, from 1."),
        "rev": optional("integer", "Revision of the records that were frozen."),
        "packages": {"type": "array", "items": package},
        "reopened_at": optional("string", "When it was last opened again."),
        "reopened_by": optional("string", "Who opened it again."),
        "reopen_reason": optional("string", "Why."),
    })
}

/// Returns the schema of a month with all its closings.
fn period_with_closings() -> Value {
    let mut month = period_properties();
    let mut closing = month.clone();
    for key in ["month", "state"] {
        closing.as_object_mut().map(|properties| properties.remove(key));
    }
    month["versions"] = json!({
        "type": "array", "items": object_schema(closing),
        "description": "Every closing of the month, oldest first.",
    });
    object_schema(month)
}

fn drift_schema() -> Value {
    let changed = object_schema(json!({
        "table": {"type": "string"},
        "id": {"type": "integer"},
        "rev": optional("integer", "Revision that changed it; null = it is gone."),
    }));
    let row = object_schema(json!({
        "file": {"type": "string"},
        "id": optional("integer", "Id of the record behind the posting."),
        "piece_id": optional("string", "Which part of a line's revenue it is."),
        "frozen": amounts(),
        "fresh": amounts(),
        "difference": amounts(),
        "booked_in": {"type": "string", "description": "The month in which the difference is booked."},
        "changed_rows": {"type": "array", "items": changed},
    }));
    object_schema(json!({
        "month": {"type": "string"},
        "currency": {"type": "string"},
        "data": {"type": "array", "items": row},
        "sums": {"type": "object", "additionalProperties": amounts(), "description": "Differences by file."},
        "meta": page_facts(),
    }))
}

/// Returns the schema of the page number, page size and total.
fn page_facts() -> Value {
    object_schema(json!({
        "current_page": {"type": "integer"},
        "per_page": {"type": "integer"},
        "total": {"type": "integer"},
    }))
}

fn explanation_schema() -> Value {
    let source = object_schema(json!({
        "table": {"type": "string"},
        "id": {"type": "integer"},
        "row": {"type": ["object", "null"], "additionalProperties": true, "description": "The record as it is stored."},
    }));
    object_schema(json!({
        "entry_id": {"type": "string"},
        "file": {"type": "string"},
        "month": {"type": "string"},
        "date": {"type": "string", "format": "date"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "currency": {"type": "string"},
        "customer_id": optional("integer", "The customer."),
        "invoice_id": optional("integer", "The invoice."),
        "amounts": {"type": "object", "additionalProperties": amount()},
        "rule": {"type": "string", "description": "The rule that was applied."},
        "steps": {"type": "array", "items": {"type": "string"}, "description": "The arithmetic."},
        "sources": {"type": "array", "items": source},
    }))
}

/// Returns the answer with the accounting package of a closed month.
pub(crate) fn package_answer() -> Value {
    let mut answer = super::file_answer(
        "The ZIP, as it was frozen.",
        &["application/force-download", "application/octet-stream"],
    );
    answer["headers"] = documented::answer_headers();
    answer
}
