//! The value of one key of a stored JSON object, as text. Rule: spec/reports.md §17.4
//! `extra_customer_fields`.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{AsArray, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use serde_json::value::RawValue;

/// Returns the value of `key` in `object`. Strings are returned as they are, other values as their
/// JSON text, missing ones and null as null.
pub(crate) fn json_member_text(object: Expr, key: &str) -> Expr {
    let signature = Signature::any(1, Volatility::Immutable);
    ScalarUDF::new_from_impl(JsonMemberFunction { key: key.to_owned(), signature })
        .call(vec![object])
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct JsonMemberFunction {
    key: String,
    signature: Signature,
}

impl ScalarUDFImpl for JsonMemberFunction {
    fn name(&self) -> &str {
        "json_member"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8View)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let objects = cast(&args.args[0].to_array(args.number_rows)?, &DataType::Utf8View)?;
        let objects = objects.as_string_view().iter();
        let members: StringViewArray = objects
            .map(|object| json_value_text(parse_json_members(object?).get(&self.key)?))
            .collect();
        Ok(ColumnarValue::Array(Arc::new(members)))
    }
}

/// Parses the members of a JSON object; empty if the text is not an object.
pub(crate) fn parse_json_members(object: &str) -> BTreeMap<String, &RawValue> {
    serde_json::from_str(object).unwrap_or_default()
}

/// Returns the value of a member as text: strings as they are, none for null, other values as their
/// JSON text.
pub(crate) fn json_value_text(value: &RawValue) -> Option<String> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'"') => serde_json::from_str(text).ok(),
        _ if text == "null" => None,
        _ => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{json_value_text, parse_json_members};

    #[test]
    fn members_read_as_text() {
        let object = r#"{"shirt":"L","n":1.50,"ok":true,"none":null,"list":[1,"a"],"o":{"a":1}}"#;
        for (key, expected) in [
            ("shirt", Some("L")),
            ("n", Some("1.50")),
            ("ok", Some("true")),
            ("none", None),
            ("list", Some(r#"[1,"a"]"#)),
            ("o", Some(r#"{"a":1}"#)),
            ("missing", None),
        ] {
            let found =
                parse_json_members(object).get(key).and_then(|value| json_value_text(value));
            assert_eq!(found.as_deref(), expected, "{key}");
        }
        assert!(parse_json_members("[1]").is_empty());
    }
}
