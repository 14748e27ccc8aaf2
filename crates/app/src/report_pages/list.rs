//! The paged list of reports. Rule: spec/reports.md §12.

use model::permission::Permissions;
use reports::request::{MessageStyle, Parameters, RawParameters};
use serde_json::Value;

use crate::error::ApiError;
use crate::lists::paged::Paging;

/// Returns one page of the reports that `permissions` allow to read.
pub fn report_list_page(
    permissions: &Permissions,
    parameters: &RawParameters,
    base_url: &str,
) -> Result<Value, ApiError> {
    let mut asked = Parameters::new(parameters, MessageStyle::Sentence);
    let paging = Paging::read(&mut asked);
    asked.finish().map_err(ApiError::parameters)?;
    let all = reports::describe::list_readable_reports(permissions, base_url);
    let count = all.len() as u64;
    let skipped = usize::try_from(paging.offset()).unwrap_or(usize::MAX);
    let results: Vec<Value> = all.into_iter().skip(skipped).take(paging.size as usize).collect();
    Ok(paging.envelope(&format!("{base_url}/api/v2/reports"), count, results))
}

#[cfg(test)]
mod tests {
    use reports::request::RawValue;

    use super::*;

    fn parameters(pairs: &[(&str, &str)]) -> RawParameters {
        let pair = |(name, value): &(&str, &str)| {
            ((*name).to_owned(), RawValue::Text((*value).to_owned()))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn pages_link_to_their_neighbours() {
        let permissions = Permissions::default_for_new_token();
        let whole = report_list_page(&permissions, &parameters(&[]), "").unwrap();
        let count = whole["count"].as_u64().unwrap();
        assert!(count >= 3, "{count} reports");
        assert_eq!(whole["results"].as_array().unwrap().len() as u64, count);
        assert_eq!((&whole["next"], &whole["previous"]), (&Value::Null, &Value::Null));
        let second = parameters(&[("page", "2"), ("page_size", "1")]);
        let second = report_list_page(&permissions, &second, "https://x").unwrap();
        assert_eq!(
            second["results"][0],
            reports::describe::list_readable_reports(&permissions, "https://x")[1]
        );
        assert_eq!(second["next"], "https://x/api/v2/reports?page=3&page_size=1");
        assert_eq!(second["previous"], "https://x/api/v2/reports?page=1&page_size=1");
    }

    #[test]
    fn only_reports_that_may_be_read_are_listed() {
        let none = report_list_page(&Permissions::default(), &parameters(&[]), "").unwrap();
        assert_eq!(none["count"], 0);
    }

    #[test]
    fn all_wrong_parameters_are_named() {
        let wrong = [("page", "0"), ("page_size", "101"), ("pages", "1"), ("_x", "1")];
        let error = report_list_page(&Permissions::default(), &parameters(&wrong), "").unwrap_err();
        let fields: Vec<_> = error.fields.0.keys().map(String::as_str).collect();
        assert_eq!(fields, ["page", "page_size", "pages"]);
    }
}
