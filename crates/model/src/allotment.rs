//! The allotment of a membership: its types and its JSON form. Rule: spec/usage.md §2.

use serde_json::{Map, Value, json};

use crate::id::is_valid_id;
use crate::import::{CellError, ImportCode};

const BYTES_MAX: usize = 64 * 1024;
const PERIOD_LIMITS_MAX: usize = 20;
const OFFERING_LIMITS_MAX: usize = 200;
const USES_MAX: i64 = 1_000_000;

/// An example for the documentation that has every key: 8 classes or appointments a month, of which
/// at most 3 of offering type 12; no-shows count.
pub const ALLOTMENT_EXAMPLE: &str = concat!(
    r#"{"ignore_no_shows":false,"types":["event","course"],"#,
    r#""period_limits":[{"period":"month","type":"event","max_uses":8,"#,
    r#""offering_type_limits":[{"offering_type":12,"max_uses":3,"is_extra":false,"allow_zero":true}]}]}"#,
);

/// The keys of an allotment: the path, the accepted values, and the default.
pub const ALLOTMENT_KEYS: [(&str, &str, &str); 11] = [
    ("ignore_no_shows", "true: a no-show is not a use", "false"),
    ("types", "what may be booked: event (classes and appointments), course", "both"),
    ("period_limits", "at most 20; none = unlimited", "[]"),
    ("period_limits.period", "day, week, month, year, lifetime", "required"),
    ("period_limits.type", "event or course", "event"),
    ("period_limits.max_uses", "0 to 1000000; null = no limit of the period itself", "required"),
    ("period_limits.offering_type_limits", "at most 200", "[]"),
    ("period_limits.offering_type_limits.offering_type", "id in offering_types", "required"),
    (
        "period_limits.offering_type_limits.max_uses",
        "0 to 1000000; null = no limit of its own",
        "required",
    ),
    (
        "period_limits.offering_type_limits.is_extra",
        "true: on top of the period's limit; false: a limit inside it",
        "false",
    ),
    ("period_limits.offering_type_limits.allow_zero", "false: max_uses 0 means no limit", "true"),
];

/// The number of uses that a membership gives. An empty `period_limits` means unlimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allotment {
    /// True if a no-show does not count as a use.
    pub ignore_no_shows: bool,
    /// The kinds that may be booked, in the order given.
    pub types: Vec<LimitType>,
    /// The limits, at most one for each pair of period and type.
    pub period_limits: Vec<PeriodLimit>,
}

/// The kind of booking that a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitType {
    /// Classes and appointments.
    Event,
    /// Courses.
    Course,
}

/// The length of the period that a limit applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitPeriod {
    /// The membership's whole life.
    Lifetime,
    /// A year.
    Year,
    /// A month.
    Month,
    /// A week.
    Week,
    /// A day.
    Day,
}

/// A limit on the uses within one period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeriodLimit {
    /// The period in which uses are counted.
    pub period: LimitPeriod,
    /// The kind of booking that is counted.
    pub limit_type: LimitType,
    /// The number of uses in the period; none means that the period itself has no limit.
    pub max_uses: Option<i64>,
    /// The limits of single offering types, in the order given.
    pub offering_types: Vec<OfferingTypeLimit>,
}

/// A limit of one offering type inside a period limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferingTypeLimit {
    /// The offering type's id.
    pub offering_type: i64,
    /// The number of uses in the period; none means that this offering type has no limit of its
    /// own.
    pub max_uses: Option<i64>,
    /// True if the uses come on top of the period's limit; false if they are a cap inside it.
    pub is_extra: bool,
    /// True if a `max_uses` of 0 allows no use; false if it means "no limit of its own".
    pub allow_zero: bool,
}

impl LimitType {
    /// Returns the name: `event` or `course`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Course => "course",
        }
    }

    /// Returns the kinds of offering types that a limit of this type may name.
    pub fn offering_kinds(self) -> &'static [&'static str] {
        match self {
            Self::Event => &["class", "appointment"],
            Self::Course => &["course"],
        }
    }
}

impl LimitPeriod {
    const NAMES: [(&'static str, Self); 5] = [
        ("day", Self::Day),
        ("week", Self::Week),
        ("month", Self::Month),
        ("year", Self::Year),
        ("lifetime", Self::Lifetime),
    ];

    /// Returns the name, such as `month`.
    pub fn as_str(self) -> &'static str {
        let entry = Self::NAMES.iter().find(|(_, period)| *period == self);
        entry.map_or("lifetime", |(name, _)| name)
    }
}

/// Parses the JSON text of an allotment. Error messages begin with the path of the wrong key.
pub fn parse_allotment(text: &str) -> Result<Allotment, CellError> {
    if text.len() > BYTES_MAX {
        return Err(bad("", &format!("must be at most {BYTES_MAX} bytes of JSON")));
    }
    let value: Value = serde_json::from_str(text).map_err(|_| bad("", "must be a JSON object"))?;
    let object = object(&value, "", &["ignore_no_shows", "types", "period_limits"])?;
    let types = match present(object, "types") {
        None => vec![LimitType::Event, LimitType::Course],
        Some(list) => types(list)?,
    };
    let limits = list(object, "period_limits", "period_limits", PERIOD_LIMITS_MAX)?;
    let limits = limits.iter().enumerate();
    let period_limits: Vec<_> = limits
        .map(|(index, limit)| period_limit(limit, &format!("period_limits.{index}")))
        .collect::<Result<_, _>>()?;
    for (index, limit) in period_limits.iter().enumerate() {
        let is_same = |other: &PeriodLimit| {
            (other.period, other.limit_type) == (limit.period, limit.limit_type)
        };
        if period_limits[..index].iter().any(is_same) {
            let path = format!("period_limits.{index}");
            return Err(duplicate(&path, "the same period and type as an earlier limit"));
        }
    }
    let ignore_no_shows = boolean(object, "ignore_no_shows", "ignore_no_shows", false)?;
    Ok(Allotment { ignore_no_shows, types, period_limits })
}

fn types(value: &Value) -> Result<Vec<LimitType>, CellError> {
    let expected = "must be a list of event and course, at least one";
    let list = value.as_array().filter(|list| !list.is_empty());
    let mut types = Vec::new();
    for item in list.ok_or_else(|| bad("types", expected))? {
        let limit_type = match item.as_str() {
            Some("event") => LimitType::Event,
            Some("course") => LimitType::Course,
            _ => return Err(bad("types", expected)),
        };
        if !types.contains(&limit_type) {
            types.push(limit_type);
        }
    }
    Ok(types)
}

fn period_limit(value: &Value, path: &str) -> Result<PeriodLimit, CellError> {
    let object = object(value, path, &["period", "type", "max_uses", "offering_type_limits"])?;
    let named = present(object, "period").and_then(Value::as_str);
    let period = LimitPeriod::NAMES.iter().find(|(name, _)| Some(*name) == named);
    let (_, period) = period.ok_or_else(|| {
        bad(&format!("{path}.period"), "must be one of day, week, month, year, lifetime")
    })?;
    let limit_type = match present(object, "type").map(Value::as_str) {
        None | Some(Some("event" | "class")) => LimitType::Event,
        Some(Some("course")) => LimitType::Course,
        Some(_) => {
            return Err(bad(&format!("{path}.type"), "must be one of event, class, course"));
        }
    };
    let limits_path = format!("{path}.offering_type_limits");
    let limits = list(object, "offering_type_limits", &limits_path, OFFERING_LIMITS_MAX)?;
    let limits = limits.iter().enumerate();
    let offering_types: Vec<_> = limits
        .map(|(index, limit)| offering_type_limit(limit, &format!("{limits_path}.{index}")))
        .collect::<Result<_, _>>()?;
    for (index, limit) in offering_types.iter().enumerate() {
        if offering_types[..index].iter().any(|other| other.offering_type == limit.offering_type) {
            let path = format!("{limits_path}.{index}.offering_type");
            return Err(duplicate(&path, "an offering type that an earlier limit names"));
        }
    }
    let max_uses = max_uses(object, path)?;
    Ok(PeriodLimit { period: *period, limit_type, max_uses, offering_types })
}

fn offering_type_limit(value: &Value, path: &str) -> Result<OfferingTypeLimit, CellError> {
    let object = object(value, path, &["offering_type", "max_uses", "is_extra", "allow_zero"])?;
    let type_path = format!("{path}.offering_type");
    let id = match object.get("offering_type") {
        Some(Value::Object(named)) => {
            known_keys(named, &type_path, &["id", "name"])?;
            named.get("id").and_then(Value::as_i64)
        }
        Some(value) => value.as_i64(),
        None => None,
    };
    let offering_type = id.filter(|id| is_valid_id(*id)).ok_or_else(|| {
        bad(&type_path, "must be the id of an offering type, or an object with its id")
    })?;
    let is_extra = boolean(object, "is_extra", &format!("{path}.is_extra"), false)?;
    let allow_zero = boolean(object, "allow_zero", &format!("{path}.allow_zero"), true)?;
    Ok(OfferingTypeLimit { offering_type, max_uses: max_uses(object, path)?, is_extra, allow_zero })
}

fn max_uses(object: &Map<String, Value>, path: &str) -> Result<Option<i64>, CellError> {
    match object.get("max_uses") {
        Some(Value::Null) => Ok(None),
        Some(value) if value.as_i64().is_some_and(|uses| (0..=USES_MAX).contains(&uses)) => {
            Ok(value.as_i64())
        }
        _ => {
            let path = format!("{path}.max_uses");
            Err(bad(&path, &format!("is required: an integer 0 to {USES_MAX}, or null")))
        }
    }
}

fn object<'v>(
    value: &'v Value,
    path: &str,
    keys: &[&str],
) -> Result<&'v Map<String, Value>, CellError> {
    let object = value.as_object().ok_or_else(|| bad(path, "must be a JSON object"))?;
    known_keys(object, path, keys)?;
    Ok(object)
}

fn known_keys(object: &Map<String, Value>, path: &str, keys: &[&str]) -> Result<(), CellError> {
    match object.keys().find(|key| !keys.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            let message = format!("{path}: unknown key; known are {}", keys.join(", "));
            Err(CellError::new(ImportCode::AllotmentUnknownKey, message))
        }
    }
}

fn present<'v>(object: &'v Map<String, Value>, key: &str) -> Option<&'v Value> {
    object.get(key).filter(|value| !value.is_null())
}

fn list<'v>(
    object: &'v Map<String, Value>,
    key: &str,
    path: &str,
    items_max: usize,
) -> Result<&'v [Value], CellError> {
    match present(object, key) {
        None => Ok(&[]),
        Some(Value::Array(list)) if list.len() <= items_max => Ok(list),
        Some(_) => Err(bad(path, &format!("must be a list of at most {items_max}"))),
    }
}

fn boolean(
    object: &Map<String, Value>,
    key: &str,
    path: &str,
    default: bool,
) -> Result<bool, CellError> {
    match present(object, key) {
        None => Ok(default),
        Some(value) => value.as_bool().ok_or_else(|| bad(path, "must be true or false")),
    }
}

fn bad(path: &str, expected: &str) -> CellError {
    let message = if path.is_empty() { expected.to_owned() } else { format!("{path}: {expected}") };
    CellError::new(ImportCode::AllotmentBadValue, message)
}

fn duplicate(path: &str, what: &str) -> CellError {
    CellError::new(ImportCode::AllotmentDuplicate, format!("{path}: {what}"))
}

impl Allotment {
    /// Returns the stored form: compact JSON with every key, or `{}` if everything is at its
    /// default.
    pub fn to_json(&self) -> String {
        let is_default = !self.ignore_no_shows
            && self.types == [LimitType::Event, LimitType::Course]
            && self.period_limits.is_empty();
        if is_default {
            return "{}".to_owned();
        }
        let types: Vec<_> = self.types.iter().map(|t| t.as_str()).collect();
        let limits: Vec<_> = self.period_limits.iter().map(PeriodLimit::to_value).collect();
        let all = json!({
            "ignore_no_shows": self.ignore_no_shows,
            "types": types,
            "period_limits": limits,
        });
        all.to_string()
    }

    /// Returns the offering types that the limits name, each with its path in the JSON and the type
    /// of its limit.
    pub fn offering_types(&self) -> impl Iterator<Item = (String, i64, LimitType)> {
        self.period_limits.iter().enumerate().flat_map(|(outer, limit)| {
            limit.offering_types.iter().enumerate().map(move |(inner, own)| {
                let path =
                    format!("period_limits.{outer}.offering_type_limits.{inner}.offering_type");
                (path, own.offering_type, limit.limit_type)
            })
        })
    }
}

impl PeriodLimit {
    fn to_value(&self) -> Value {
        let own = self.offering_types.iter().map(|limit| {
            json!({
                "offering_type": limit.offering_type,
                "max_uses": limit.max_uses,
                "is_extra": limit.is_extra,
                "allow_zero": limit.allow_zero,
            })
        });
        json!({
            "period": self.period.as_str(),
            "type": self.limit_type.as_str(),
            "max_uses": self.max_uses,
            "offering_type_limits": own.collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_reads_back() {
        let text = r#"{"types":["event"],"period_limits":[{"period":"month","type":"class",
            "max_uses":8,"offering_type_limits":[{"offering_type":{"id":12,"name":"HIIT"},
            "max_uses":3,"is_extra":true}]},{"period":"lifetime","max_uses":null}]}"#;
        let allotment = parse_allotment(text).unwrap();
        assert_eq!(allotment.period_limits[0].limit_type, LimitType::Event);
        assert_eq!(parse_allotment(&allotment.to_json()).unwrap(), allotment);
        assert_eq!(parse_allotment("{}").unwrap().to_json(), "{}");
        assert_eq!(allotment.offering_types().count(), 1);
    }

    #[test]
    fn the_example_has_every_key_and_is_as_it_is_stored() {
        assert_eq!(parse_allotment(ALLOTMENT_EXAMPLE).unwrap().to_json(), ALLOTMENT_EXAMPLE);
        let example: Value = serde_json::from_str(ALLOTMENT_EXAMPLE).unwrap();
        for (path, ..) in ALLOTMENT_KEYS {
            let pointer = format!("/{}", path.replace("limits.", "limits/0/"));
            assert!(example.pointer(&pointer).is_some(), "{path}");
        }
    }

    #[test]
    fn errors_name_the_path_and_code() {
        use ImportCode::*;
        for (text, code, path) in [
            (r#"[]"#, AllotmentBadValue, "must be"),
            (r#"{"limits":[]}"#, AllotmentUnknownKey, "limits:"),
            (r#"{"types":[]}"#, AllotmentBadValue, "types:"),
            (r#"{"period_limits":[{}]}"#, AllotmentBadValue, "period_limits.0.period:"),
            (
                r#"{"period_limits":[{"period":"day","max_uses":-1}]}"#,
                AllotmentBadValue,
                "period_limits.0.max_uses:",
            ),
            (
                r#"{"period_limits":[{"period":"day","max_uses":1},{"period":"day","max_uses":2}]}"#,
                AllotmentDuplicate,
                "period_limits.1:",
            ),
            (
                r#"{"period_limits":[{"period":"day","max_uses":1,"offering_type_limits":
                    [{"offering_type":1,"max_uses":1},{"offering_type":1,"max_uses":1}]}]}"#,
                AllotmentDuplicate,
                "period_limits.0.offering_type_limits.1.offering_type:",
            ),
        ] {
            let error = parse_allotment(text).unwrap_err();
            assert_eq!(error.code, code, "{text}");
            assert!(error.message.starts_with(path), "{} for {text}", error.message);
        }
    }
}
