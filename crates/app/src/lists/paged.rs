//! Lists in pages: `{count, next, previous, results}`. Rule: spec/reports.md §12.

use reports::request::unknown::{did_you_mean, is_ignored_everywhere};
use reports::request::{FieldErrors, RawParameters, RawValue};
use serde_json::{Value, json};

/// Most entries of one page, and how many there are unless asked otherwise.
pub const PAGE_SIZE_MAX: u32 = 100;

/// Which page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Number of the page, from 1.
    pub(crate) page: u32,
    /// Entries of a page.
    pub size: u32,
}

impl Paging {
    /// What `page` and `page_size` say.
    pub fn read(parameters: &RawParameters, errors: &mut FieldErrors) -> Self {
        let page = integer(parameters, "page", u32::MAX, errors).unwrap_or(1);
        let size = integer(parameters, "page_size", PAGE_SIZE_MAX, errors).unwrap_or(PAGE_SIZE_MAX);
        Self { page, size }
    }

    /// How many entries come before the page.
    pub fn offset(self) -> u64 {
        u64::from(self.page - 1) * u64::from(self.size)
    }

    /// The page as it is sent; `url` is the list's address, with its filters as a query if any.
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

/// The one text given for a name; an empty one counts as not given.
pub fn text<'p>(
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

/// The items given for a name, repeated or separated by commas; none when there are none.
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

fn integer(
    parameters: &RawParameters,
    name: &str,
    max: u32,
    errors: &mut FieldErrors,
) -> Option<u32> {
    let text = text(parameters, name, errors)?;
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| is_digits && (1..=max).contains(number));
    if number.is_none() {
        errors.push(name, format!("Must be an integer between 1 and {max}."));
    }
    number
}
