//! Parameters of usage requests. Rule: spec/usage.md §1, §9, §10, §12.

use model::time::Date;
use reports::request::{FieldErrors, MessageStyle, Parameters, RawParameters, values};

use crate::error::ApiError;

/// The largest number of customer memberships per request.
pub(crate) const IDS_MAX: usize = 1000;

/// The parameters of a request about many memberships.
#[derive(Debug, PartialEq, Eq)]
pub struct ManyUsageParameters {
    /// Ids of the memberships, each once, in the requested order.
    pub(crate) ids: Vec<i64>,
    /// None = today.
    pub(crate) date: Option<Date>,
}

/// The parameters of a request about an upgrade.
#[derive(Debug, PartialEq, Eq)]
pub struct UpgradeParameters {
    /// The id of the membership to change to.
    pub(crate) plan: i64,
    /// None = today.
    pub(crate) date: Option<Date>,
}

/// Reads the date of a request about one customer membership. `format` is only checked here; the
/// encoding of the answer is chosen elsewhere.
pub fn parse_one(given: &RawParameters) -> Result<Option<Date>, ApiError> {
    let mut parameters = Parameters::new(given, MessageStyle::Phrase);
    let date = parameters.read("date", values::parse_date);
    parameters.read("format", format);
    parameters.finish().map_err(ApiError::parameters)?;
    Ok(date)
}

/// Reads the ids and the date of a request about many memberships.
pub fn parse_many(given: &RawParameters) -> Result<ManyUsageParameters, ApiError> {
    let mut parameters = Parameters::new(given, MessageStyle::Phrase);
    let date = parameters.read("date", values::parse_date);
    let ids = parameters.read_list("ids", ids);
    let ids = required(ids, "ids", "expected 1 to 1000 ids", &mut parameters.errors);
    parameters.finish().map_err(ApiError::parameters)?;
    Ok(ManyUsageParameters { ids, date })
}

/// Reads the membership and the date of a request about an upgrade.
pub fn parse_upgrade(given: &RawParameters) -> Result<UpgradeParameters, ApiError> {
    let mut parameters = Parameters::new(given, MessageStyle::Phrase);
    let date = parameters.read("date", values::parse_date);
    let plan = parameters.read("membership", values::parse_id);
    let missing = "required: the id of the membership to change to";
    let plan = required(plan, "membership", missing, &mut parameters.errors);
    parameters.finish().map_err(ApiError::parameters)?;
    Ok(UpgradeParameters { plan, date })
}

/// Returns the value, or records that it is missing unless an error was recorded already.
fn required<T: Default>(
    value: Option<T>,
    field: &str,
    missing: &str,
    errors: &mut FieldErrors,
) -> T {
    if value.is_none() && !errors.0.contains_key(field) {
        errors.push(field, missing);
    }
    value.unwrap_or_default()
}

fn format(text: &str) -> Result<(), String> {
    match text.to_ascii_lowercase().as_str() {
        "json" | "xml" => Ok(()),
        _ => Err("expected json or xml".to_owned()),
    }
}

fn ids(items: &[String]) -> Result<Vec<i64>, String> {
    let mut seen = std::collections::HashSet::new();
    let ids = items
        .iter()
        .map(|item| values::parse_id(item))
        .filter(|id| id.as_ref().map_or(true, |id| seen.insert(*id)))
        .collect::<Result<Vec<_>, _>>()?;
    match ids.len() {
        ..=IDS_MAX => Ok(ids),
        count => Err(format!("{count} ids are given; at most {IDS_MAX} are allowed")),
    }
}

#[cfg(test)]
mod tests {
    use reports::request::RawValue;

    use super::*;

    fn given(pairs: &[(&str, RawValue)]) -> RawParameters {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn text(text: &str) -> RawValue {
        RawValue::Text(text.to_owned())
    }

    fn numbers(count: usize) -> RawValue {
        RawValue::List((1..=count).map(|id| RawValue::Number(id.to_string())).collect())
    }

    fn fields<T: std::fmt::Debug>(result: Result<T, ApiError>) -> Vec<String> {
        result.unwrap_err().fields.0.into_keys().collect()
    }

    #[test]
    fn dates_are_real_days_within_bounds() {
        for (asked, is_good) in [
            ("2026-02-28", true),
            ("1800-01-01", true),
            ("2999-12-31", true),
            ("2026-02-29", false),
            ("1799-12-31", false),
            ("3000-01-01", false),
            ("99999-01-01", false),
            ("-0001-01-01", false),
            ("2026-2-1", false),
            ("2026-02-28T00:00:00Z", false),
            ("today", false),
            ("٢٠٢٦-٠١-٠١", false),
        ] {
            let found = parse_one(&given(&[("date", text(asked))]));
            assert_eq!(found.is_ok(), is_good, "{asked}");
            if !is_good {
                assert_eq!(fields(found), ["date"], "{asked}");
            }
        }
        assert_eq!(parse_one(&given(&[])).unwrap(), None);
        assert_eq!(parse_one(&given(&[("date", text(""))])).unwrap(), None);
    }

    #[test]
    fn every_wrong_parameter_is_named() {
        let wrong = [
            ("date", text("x")),
            ("format", text("csv")),
            ("dates", text("2026-01-01")),
            ("_", text("1")),
            ("expand", text("a")),
            ("fields", text("a")),
        ];
        assert_eq!(fields(parse_one(&given(&wrong))), ["date", "dates", "format"]);
        assert_eq!(parse_one(&given(&[("format", text("XML"))])).unwrap(), None);
        assert_eq!(fields(parse_upgrade(&given(&[]))), ["membership"]);
        assert_eq!(fields(parse_upgrade(&given(&[("membership", text("0"))]))), ["membership"]);
    }

    #[test]
    fn ids_come_once_in_the_order_asked() {
        let list = |items: &[&str]| RawValue::List(items.iter().map(|id| text(id)).collect());
        for (name, asked, expected) in [
            ("ids", text("7, 9,07"), vec![7, 9]),
            ("ids[]", text("7"), vec![7]),
            ("ids", list(&["9", "7", "9"]), vec![9, 7]),
            ("ids", numbers(1000), (1..=1000).collect()),
        ] {
            assert_eq!(
                parse_many(&given(&[(name, asked.clone())])).unwrap().ids,
                expected,
                "{asked:?}"
            );
        }
        for asked in [
            text(""),
            RawValue::Null,
            RawValue::Object,
            RawValue::List(vec![]),
            RawValue::List(vec![RawValue::Null]),
            numbers(1001),
            numbers(10_001),
            text("a"),
            text("0"),
            text("1,-2"),
            text("9007199254740992"),
            RawValue::Number("1.5".to_owned()),
            RawValue::Bool(true),
        ] {
            assert_eq!(fields(parse_many(&given(&[("ids", asked.clone())]))), ["ids"], "{asked:?}");
        }
        assert_eq!(fields(parse_many(&given(&[("id", text("7"))]))), ["id", "ids"]);
    }
}
