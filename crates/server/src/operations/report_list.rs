//! The list of reports, in pages. Rule: spec/reports.md §12.

use model::permission::Permissions;
use reports::request::{FieldErrors, RawParameters, RawValue};
use serde_json::{Value, json};

use crate::error::ApiError;

/// Most entries of one page, and how many there are unless asked otherwise.
pub const PAGE_SIZE_MAX: u32 = 100;
const PAGE_MAX: u32 = u32::MAX;

/// One page of the reports that `permissions` allow to read.
pub fn page(
    permissions: &Permissions,
    parameters: &RawParameters,
    base_url: &str,
) -> Result<Value, ApiError> {
    let mut errors = FieldErrors::default();
    refuse_unknown(parameters, &["page", "page_size"], &mut errors);
    let page = integer(parameters, "page", PAGE_MAX, &mut errors).unwrap_or(1);
    let size =
        integer(parameters, "page_size", PAGE_SIZE_MAX, &mut errors).unwrap_or(PAGE_SIZE_MAX);
    if !errors.is_empty() {
        return Err(ApiError::parameters(errors));
    }
    let all = reports::describe::list(permissions, base_url);
    let skipped = u64::from(page - 1) * u64::from(size);
    let has_more = skipped + u64::from(size) < all.len() as u64;
    let url = |page: u32| format!("{base_url}/api/v2/reports?page={page}&page_size={size}");
    let next = has_more.then(|| url(page + 1));
    let previous = (page > 1).then(|| url(page - 1));
    let count = all.len();
    let skipped = usize::try_from(skipped).unwrap_or(usize::MAX);
    let results: Vec<Value> = all.into_iter().skip(skipped).take(size as usize).collect();
    Ok(json!({"count": count, "next": next, "previous": previous, "results": results}))
}

/// Refuses every parameter, for endpoints that take none.
pub fn no_parameters(parameters: &RawParameters) -> Result<(), ApiError> {
    let mut errors = FieldErrors::default();
    refuse_unknown(parameters, &[], &mut errors);
    if errors.is_empty() { Ok(()) } else { Err(ApiError::parameters(errors)) }
}

/// Refuses names that are neither known nor ignored everywhere. Rule: spec/reports.md §2.2.
pub(crate) fn refuse_unknown(parameters: &RawParameters, known: &[&str], errors: &mut FieldErrors) {
    for (name, _) in parameters {
        let is_ignored = name.starts_with('_') || ["expand", "fields"].contains(&name.as_str());
        if !is_ignored && !known.contains(&name.as_str()) {
            errors.push(name, "Unknown parameter.");
        }
    }
}

/// The one text given for a name; an empty one counts as not given.
pub(crate) fn text<'p>(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> RawParameters {
        let pair = |(name, value): &(&str, &str)| {
            ((*name).to_owned(), RawValue::Text((*value).to_owned()))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn pages_link_to_their_neighbours() {
        let permissions = Permissions::of_new_token();
        let whole = page(&permissions, &parameters(&[]), "").unwrap();
        let count = whole["count"].as_u64().unwrap();
        assert!(count >= 3, "{count} reports");
        assert_eq!(whole["results"].as_array().unwrap().len() as u64, count);
        assert_eq!((&whole["next"], &whole["previous"]), (&Value::Null, &Value::Null));
        let second = parameters(&[("page", "2"), ("page_size", "1")]);
        let second = page(&permissions, &second, "https://x").unwrap();
        assert_eq!(second["results"][0], reports::describe::list(&permissions, "https://x")[1]);
        assert_eq!(second["next"], "https://x/api/v2/reports?page=3&page_size=1");
        assert_eq!(second["previous"], "https://x/api/v2/reports?page=1&page_size=1");
    }

    #[test]
    fn only_reports_that_may_be_read_are_listed() {
        let none = page(&Permissions::default(), &parameters(&[]), "").unwrap();
        assert_eq!(none["count"], 0);
    }

    #[test]
    fn all_wrong_parameters_are_named() {
        let wrong = [("page", "0"), ("page_size", "101"), ("pages", "1"), ("_x", "1")];
        let error = page(&Permissions::default(), &parameters(&wrong), "").unwrap_err();
        let fields: Vec<_> = error.fields.0.keys().map(String::as_str).collect();
        assert_eq!(fields, ["page", "page_size", "pages"]);
    }
}
