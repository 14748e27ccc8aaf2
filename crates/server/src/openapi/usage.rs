//! Parameters, bodies and answers of the endpoints about usage.

use serde_json::{Value, json};

use super::{object_schema, reports, schema_reference, with_xml};

/// Returns the `id` parameter in the path.
pub(crate) fn id_path_parameter() -> Value {
    json!({
        "name": "id", "in": "path", "required": true,
        "description": "Id of the customer membership.",
        "schema": {"type": "integer", "minimum": 1},
    })
}

/// Returns the `date` parameter.
pub(crate) fn date_parameter() -> Value {
    json!({
        "name": "date", "in": "query", "required": false,
        "description": "The day whose periods are meant, from 1800-01-01 to 2999-12-31. Default: today where the business is.",
        "schema": {"type": "string", "format": "date"},
    })
}

/// Returns the `format` parameter.
pub(crate) fn format_parameter() -> Value {
    json!({
        "name": "format", "in": "query", "required": false,
        "description": "Default: by `Accept`, else JSON.",
        "schema": {"type": "string", "enum": ["json", "xml"]},
    })
}

/// Returns the `membership` parameter: the plan to change to.
pub(crate) fn plan_parameter() -> Value {
    json!({
        "name": "membership", "in": "query", "required": true,
        "description": "Id of the membership plan to change to, in the same currency.",
        "schema": {"type": "integer", "minimum": 1},
    })
}

/// Returns the answer about one membership, in JSON and XML.
pub(crate) fn usage_answer() -> Value {
    with_xml(json_answer("Usage", "The usage in each period, from one revision."))
}

/// Returns an answer in JSON with the headers of answers from records.
pub(crate) fn json_answer(schema: &str, description: &str) -> Value {
    let mut answer = super::json_answer(schema_reference(schema), description);
    answer["headers"] = reports::answer_headers();
    answer
}

/// Returns the body of a request about many memberships.
pub(crate) fn many_body() -> Value {
    let schema = json!({
        "type": "object",
        "required": ["ids"],
        "properties": {
            "ids": {"type": "array", "items": {"type": "integer", "minimum": 1},
                "minItems": 1, "maxItems": 1000,
                "description": "Ids of customer memberships."},
            "date": {"type": "string", "format": "date",
                "description": "The day whose periods are meant. Default: today where the business is."},
        },
    });
    let content = |kind: &str| (kind.to_owned(), json!({"schema": schema}));
    let kinds = ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"];
    let contents: serde_json::Map<String, Value> = kinds.into_iter().map(content).collect();
    json!({"required": true, "content": contents})
}

/// Returns the schemas of the answers, by name.
pub(super) fn schemas() -> [(String, Value); 6] {
    let schemas = [
        ("Usage", usage_schema()),
        ("UsagePeriod", period()),
        ("UsageOfOfferingType", offering_type()),
        ("ProrateAdjustment", adjustment()),
        ("UsageOfMany", many_schema()),
        ("UpgradePreview", upgrade_schema()),
    ];
    schemas.map(|(name, schema)| (name.to_owned(), schema))
}

fn list_of(name: &str) -> Value {
    json!({"type": "array", "items": schema_reference(name)})
}

fn usage_schema() -> Value {
    object_schema(json!({"usage_periods": list_of("UsagePeriod")}))
}

fn count_schema(description: &str) -> Value {
    json!({"type": ["integer", "null"], "description": description})
}

/// The numbers that every limit has.
fn counts() -> Value {
    json!({
        "bookable_count": count_schema("How many more could be booked for the date, all limits considered; null = no bound."),
        "max_uses": count_schema("Uses allowed after custom limits and proration; null = unlimited."),
        "prorate_adjustment": {"oneOf": [schema_reference("ProrateAdjustment"), {"type": "null"}]},
        "remaining_count": count_schema("Uses left, at least 0; null exactly when `max_uses` is null."),
        "used_count": {"type": "integer", "description": "Uses charged to this limit."},
    })
}

fn period() -> Value {
    let day = json!({"type": ["string", "null"], "format": "date"});
    let mut properties = counts();
    properties["start_date"] = day.clone();
    properties["end_date"] = day;
    properties["offering_type_limits"] = list_of("UsageOfOfferingType");
    let periods = ["lifetime", "year", "month", "week", "day"];
    properties["period_type"] = json!({"type": "string", "enum": periods});
    properties["type"] = json!({"type": "string", "enum": ["event", "course"]});
    object_schema(properties)
}

fn offering_type() -> Value {
    let mut properties = counts();
    properties["is_extra"] = json!({"type": "boolean", "description": "Whether it is an allowance on top of the period's."});
    properties["offering_type"] =
        object_schema(json!({"id": {"type": "integer"}, "name": {"type": "string"}}));
    object_schema(properties)
}

fn adjustment() -> Value {
    let integer = json!({"type": "integer"});
    let day = json!({"type": "string", "format": "date"});
    let hold = object_schema(json!({"end_date": day.clone(), "start_date": day}));
    object_schema(json!({
        "active_days": integer.clone(),
        "holds": {"type": "array", "items": hold},
        "original_max_uses": integer.clone(),
        "prorated_max_uses": integer.clone(),
        "total_days": integer,
    }))
}

fn many_schema() -> Value {
    let entry = object_schema(json!({
        "customer_membership": {"type": "integer"},
        "usage_periods": list_of("UsagePeriod"),
    }));
    object_schema(json!({
        "results": {"type": "array", "items": entry},
        "missing": {"type": "array", "items": {"type": "integer"}},
    }))
}

fn upgrade_schema() -> Value {
    let day = json!({"type": "string", "format": "date"});
    let money = || schema_reference("Money");
    object_schema(json!({
        "date": day.clone(),
        "period": object_schema(json!({"start_date": day.clone(), "end_date": day})),
        "total_days": {"type": "integer"},
        "unused_days": {"type": "integer"},
        "credit": money(),
        "new_price": money(),
        "first_payment": money(),
        "credit_left": money(),
    }))
}
