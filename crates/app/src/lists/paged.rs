//! Pages of a list: `{count, next, previous, results}`. Rule: spec/reports.md §12.

use reports::request::unknown::{did_you_mean, is_ignored_everywhere};
use reports::request::{FieldErrors, RawParameters, RawValue};
use serde_json::{Value, json};

/// The largest and the default size of a page.
pub const PAGE_SIZE_MAX: u32 = 100;

/// The number and the size of the requested page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// The number of the page, from 1.
    pub(crate) page: u32,
    /// The number of entries per page.
    pub size: u32,
}

impl Paging {
    /// Reads `page` and `page_size`; problems are added to `errors`.
    pub fn read(parameters: &RawParameters, errors: &mut FieldErrors) -> Self {
        let mut read = |name, max: u32| {
            let number = bounded_integer(parameters, name, max.into(), "Must", errors);
            number.and_then(|number| u32::try_from(number).ok())
        };
        let page = read("page", u32::MAX).unwrap_or(1);
        Self { page, size: read("page_size", PAGE_SIZE_MAX).unwrap_or(PAGE_SIZE_MAX) }
    }

    /// Returns the number of entries before the page.
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.size)
    }

    /// Returns the answer of the page. `url` is the URL of the list, including its filters.
    pub fn envelope(self, url: &str, count: u64, results: Vec<Value>) -> Value {
        let has_more = self.offset() + u64::from(self.size) < count;
        let join = if url.contains('?') { '&' } else { '?' };
        let at = |page: u32| format!("{url}{join}page={page}&page_size={}", self.size);
        let next = has_more.then(|| at(self.page + 1));
        let previous = (self.page > 1).then(|| at(self.page - 1));
        json!({"count": count, "next": next, "previous": previous, "results": results})
    }
}

/// Refuses every parameter, for endpoints that take none.
pub fn no_parameters(parameters: &RawParameters) -> Result<(), FieldErrors> {
    let mut errors = FieldErrors::default();
    refuse_unknown(parameters, &[], &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// Refuses names that are neither known nor ignored everywhere. Rule: spec/reports.md §2.2.
pub fn refuse_unknown(parameters: &RawParameters, known: &[&str], errors: &mut FieldErrors) {
    for (name, _) in parameters {
        if !is_ignored_everywhere(name) && !known.contains(&name.as_str()) {
            let meant = did_you_mean(name, known.iter().copied());
            errors.push(name, format!("Unknown parameter.{meant}"));
        }
    }
}

/// Returns the single text given for a parameter. An empty text counts as not given.
pub fn single_text<'p>(
    parameters: &'p RawParameters,
    name: &str,
    errors: &mut FieldErrors,
) -> Option<&'p str> {
    let given = parameters.iter().filter(|(given, _)| given == name);
    let mut texts = given.filter_map(|(_, value)| match value {
        RawValue::Text(text) if !text.is_empty() => Some(text.as_str()),
        _ => None,
    });
    let first = texts.next();
    if texts.next().is_some() {
        errors.push(name, "Must be given once.");
    }
    first
}

/// Returns the items given for a parameter, repeated or separated by commas, or `None` if there are
/// none.
pub fn items(parameters: &RawParameters, name: &str) -> Option<Vec<String>> {
    let given = parameters.iter().filter(|(given, _)| given.trim_end_matches("[]") == name);
    let texts = given.filter_map(|(_, value)| match value {
        RawValue::Text(text) => Some(text.as_str()),
        _ => None,
    });
    let items = texts.flat_map(|text| text.split(',')).map(str::trim);
    let items: Vec<String> = items.filter(|item| !item.is_empty()).map(str::to_owned).collect();
    (!items.is_empty()).then_some(items)
}

/// Reads an integer from 1 to `max`; none if it is absent, or wrong, which is recorded with
/// `message`.
pub(super) fn bounded_integer(
    parameters: &RawParameters,
    name: &str,
    max: u64,
    message: &str,
    errors: &mut FieldErrors,
) -> Option<u64> {
    let text = single_text(parameters, name, errors)?;
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_digits && (1..=max).contains(number));
    if number.is_none() {
        errors.push(name, format!("{message} be an integer between 1 and {max}."));
    }
    number
}
