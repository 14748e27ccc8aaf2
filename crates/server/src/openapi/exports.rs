//! The body of a request for exports, and answers about exports. Rule: spec/exports.md §4, §5, §7.

use reports::exports::{describe_export_type, export_types};
use serde_json::{Value, json};

use super::reports::list_or_text;
use super::{object_schema, schema_reference};
use app::exports::show;

/// Descriptions of the fields of a request. The names of filters of single types describe
/// themselves.
const FIELDS: [(&str, &str); 5] = [
    (
        "date_from",
        "First moment of the range: Unix seconds, RFC 3339, or a day where the business is. Required but for accounting.",
    ),
    (
        "date_to",
        "Last moment of the range, written as `date_from`. At most six months later unless the server allows more.",
    ),
    (
        "mode",
        "Whether the range is of `created_at` (`full_data`, the default) or of `updated_at` (`modified_data`).",
    ),
    (
        "month",
        "The month of an accounting package, as in `2024-01` or any of its days. Required for accounting.",
    ),
    (
        "currency",
        "Code of ISO 4217 in lower case: required for accounting, a filter of payments and credit notes.",
    ),
];

/// Returns the body of a request for exports.
pub(crate) fn export_request_body() -> Value {
    let names = export_types()
        .iter()
        .flat_map(|kind| std::iter::once(kind.object()).chain(kind.aliases().iter().copied()));
    let names: Vec<&str> = names.collect();
    let mut properties = json!({
        "object": {"type": "string", "enum": names,
            "description": "What to export. Either this or `objects`."},
        "objects": {"type": "array", "minItems": 1, "items": {"type": "string", "enum": names},
            "description": "Several types at once, one export each, all from one revision. Not with accounting."},
    });
    for kind in export_types() {
        let entry = describe_export_type(kind);
        for filter in entry["filters"].as_array().into_iter().flatten() {
            let name = filter["name"].as_str().unwrap_or_default();
            if properties[name].is_null() {
                properties[name] = field(name, filter["type"].as_str().unwrap_or_default());
            }
        }
    }
    let additions = [
        (
            "format",
            json!({"type": "string", "enum": ["csv", "ndjson", "parquet", "xlsx"],
            "description": "How the file is written. Default: `csv`. Accounting is always `csv`, in a ZIP."}),
        ),
        ("columns", {
            let mut schema = list_or_text(json!({"type": "string"}));
            schema["description"] = json!(
                "Headings of the type, in the order wanted. Default: all. Not for accounting."
            );
            schema
        }),
        (
            "row_per",
            json!({"type": "string", "enum": ["record", "line"],
            "description": "`line`: a row per invoice line or order item. Default: `record`. Only for invoices and orders."}),
        ),
        (
            "layout",
            json!({"type": "string", "enum": ["wide", "long"],
            "description": "A column per key (`wide`, the default), or a row per key. Only for customers_metadata."}),
        ),
        (
            "csv_dialect",
            json!({"type": "string", "enum": ["rfc4180", "excel"],
            "description": "`excel` puts a byte-order mark before each CSV file, so that Excel reads it as UTF-8. Default: `rfc4180`. Only for csv."}),
        ),
        (
            "include_deleted",
            json!({"type": "boolean",
            "description": "Deleted records too. Listed in `ignored_filters` for a type without them."}),
        ),
        (
            "as_of",
            json!({"type": ["integer", "string"],
            "description": "Up to when the books are computed, inside `month`. Only for accounting of an open month."}),
        ),
    ];
    for (name, schema) in additions {
        properties[name] = schema;
    }
    let schema = json!({
        "type": "object",
        "description": "What to export. A filter that the type does not have is listed in `ignored_filters` of the answer.",
        "properties": properties,
        "additionalProperties": false,
        "examples": [{"object": "invoices", "date_from": "2026-01-01", "date_to": "2026-03-31", "status": "paid"}],
    });
    json!({"required": true, "content": {"application/json": {"schema": schema}}})
}

fn field(name: &str, kind: &str) -> Value {
    let known = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned());
    let description = known.unwrap_or_else(|| {
        let of: Vec<&str> = export_types()
            .iter()
            .filter(|kind| {
                let filters = describe_export_type(kind)["filters"].clone();
                filters.as_array().into_iter().flatten().any(|filter| filter["name"] == name)
            })
            .map(|kind| kind.object())
            .collect();
        format!("Only records whose {} is this. For {}.", name.replace('_', " "), of.join(", "))
    });
    let kind = match kind {
        "integer" => json!(["integer", "string"]),
        "timestamp" => json!(["integer", "string"]),
        _ => json!("string"),
    };
    json!({"type": kind, "description": description})
}

/// Returns the schemas of the answers, by name.
pub(super) fn schemas() -> [(String, Value); 7] {
    let schemas = [
        ("Export", export_schema()),
        ("ExportAnswer", object_schema(json!({"data": schema_reference("Export")}))),
        ("ExportRequested", requested_schema()),
        (
            "ExportCatalogue",
            object_schema(json!({"data": {"type": "array", "items": export_type_schema()}})),
        ),
        ("ExportHistory", history()),
        ("ExportManifest", manifest()),
        ("PageLinks", links()),
    ];
    schemas.map(|(name, schema)| (name.to_owned(), schema))
}

fn optional(kind: &str, description: &str) -> Value {
    json!({"type": [kind, "null"], "description": description})
}

fn export_schema() -> Value {
    let seconds = |text: &str| optional("integer", text);
    let progress = object_schema(json!({
        "rows": {"type": "integer"},
        "total_rows": optional("integer", "Null before they are counted."),
        "percent": {"type": "integer"},
        "queue_position": optional("integer", "How many exports come before it; null once it runs."),
    }));
    object_schema(json!({
        "uuid": {"type": "string"},
        "account_id": {"type": "integer", "description": "Id of the provider."},
        "object": {"type": "string", "description": "The type, as it was asked for."},
        "user_id": optional("integer", "Who asked."),
        "user_email": optional("string", "E-mail address of who asked."),
        "created_at": {"type": "integer", "description": "Unix seconds."},
        "started_at": seconds("Unix seconds; null until work begins."),
        "finished_at": seconds("Unix seconds; null until the file is ready."),
        "updated_at": {"type": "integer", "description": "Unix seconds."},
        "failed_reason": optional("string", "Why it failed."),
        "filters": {"type": "object", "additionalProperties": true, "description": "What was asked for, resolved."},
        "state": {"type": "string", "enum": show::state_words()},
        "mode": {"type": "string", "enum": ["full_data", "modified_data"]},
        "format": {"type": "string", "enum": ["csv", "ndjson", "parquet", "xlsx"]},
        "columns": {"type": ["array", "null"], "items": {"type": "string"}},
        "row_per": {"type": "string", "enum": ["record", "line"]},
        "group": optional("string", "The same for exports that were asked for together."),
        "ignored_filters": {"type": "array", "items": {"type": "string"},
            "description": "Fields that were given and change nothing for this type."},
        "rows": optional("integer", "Rows of the file; null until it is ready."),
        "bytes": optional("integer", "Size of the file."),
        "sha256": optional("string", "SHA-256 of the file, as hexadecimal."),
        "rev": optional("integer", "Revision of the data in the file."),
        "file_name": optional("string", "Name of the file."),
        "schema": optional("string", "Name and version of the columns."),
        "download_url": {"type": "string"},
        "download_count": {"type": "integer"},
        "expires_at": seconds("Unix seconds; end of the file's life."),
        "progress": progress,
    }))
}

fn requested_schema() -> Value {
    let one = object_schema(json!({
        "export_id": {"type": "string", "description": "The same as `uuid`."},
        "uuid": {"type": "string"},
        "data": schema_reference("Export"),
    }));
    let several = object_schema(json!({
        "data": {"type": "array", "items": schema_reference("Export")},
        "group": optional("string", "The same for all of them."),
        "skipped": {"type": "array", "items": {"type": "string"}, "description": "Types without a row."},
    }));
    json!({"description": "The first for `object`, the second for `objects`.", "anyOf": [one, several]})
}

fn export_type_schema() -> Value {
    let mut filter = object_schema(json!({
        "name": {"type": "string"}, "type": {"type": "string"}, "required": {"type": "boolean"},
    }));
    filter["properties"]["values"] = json!({"type": "array", "items": {"type": "string"}});
    object_schema(json!({
        "object": {"type": "string"},
        "name": {"type": "string"},
        "aliases": {"type": "array", "items": {"type": "string"}},
        "date_field": {"type": ["object", "null"], "additionalProperties": {"type": "string"}},
        "filters": {"type": "array", "items": filter},
        "formats": {"type": "array", "items": {"type": "string"}},
        "schema": {"type": "string"},
        "columns": {"type": "array", "items": object_schema(json!({
            "name": {"type": "string"}, "type": {"type": "string"},
        }))},
        "exports": {"type": "array", "items": schema_reference("Export")},
    }))
}

/// Returns the schema of a numbered page of `items`.
pub(crate) fn numbered_page_schema(items: Value) -> Value {
    object_schema(json!({
        "links": schema_reference("PageLinks"),
        "meta": object_schema(json!({
            "current_page": {"type": "integer"},
            "from": optional("integer", "Number of the first entry; null on an empty page."),
            "last_page": {"type": "integer"},
            "links": {"type": "array", "items": object_schema(json!({
                "url": {"type": ["string", "null"]},
                "label": {"type": "string"},
                "active": {"type": "boolean"},
            }))},
            "path": {"type": "string"},
            "per_page": {"type": "integer"},
            "to": optional("integer", "Number of the last entry; null on an empty page."),
            "total": {"type": "integer"},
        })),
        "data": {"type": "array", "items": items},
    }))
}

fn links() -> Value {
    object_schema(json!({
        "first": {"type": "string"},
        "last": {"type": "string"},
        "prev": {"type": ["string", "null"]},
        "next": {"type": ["string", "null"]},
    }))
}

fn history() -> Value {
    numbered_page_schema(schema_reference("Export"))
}

fn manifest() -> Value {
    let file = json!({
        "type": "object",
        "required": ["name", "bytes", "sha256"],
        "properties": {
            "name": {"type": "string"},
            "rows": {"type": "integer"},
            "bytes": {"type": "integer"},
            "sha256": {"type": "string"},
        },
    });
    let mut manifest = object_schema(json!({
        "manifest_version": {"type": "integer"},
        "uuid": {"type": "string"},
        "object": {"type": "string"},
        "schema": {"type": "string"},
        "format": {"type": "string"},
        "rev": {"type": "integer", "description": "Revision of the data."},
        "filters": {"type": "object", "additionalProperties": true},
        "timezone": {"type": "string"},
        "rows": {"type": "integer"},
        "bytes": {"type": "integer"},
        "sha256": {"type": "string"},
        "complete": {"type": "boolean"},
        "created_at": {"type": "string", "format": "date-time"},
        "files": {"type": "array", "items": file},
    }));
    manifest["properties"]["columns"] = json!({"type": "array", "items": object_schema(json!({
        "name": {"type": "string"}, "type": {"type": "string"},
    }))});
    manifest["properties"]["totals"] = json!({
        "type": "object", "additionalProperties": true,
        "description": "Per currency and column: the exact sum in minor units, as text, and how many cells hold a value.",
    });
    manifest
}
