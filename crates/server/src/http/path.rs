//! One spelling of each path: repeated slashes count as one, a trailing slash is ignored.
//! Rule: spec/reports.md §1.

use http::Uri;
use http::uri::PathAndQuery;

/// The same address with its path in the one spelling that routes are written in.
pub(crate) fn normalize(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let is_normal =
        path == "/" || (path.starts_with('/') && !path.ends_with('/') && !path.contains("//"));
    if is_normal || path == "*" {
        return None;
    }
    let mut normal = String::with_capacity(uri.path().len() + 1);
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        normal.push('/');
        normal.push_str(segment);
    }
    if normal.is_empty() {
        normal.push('/');
    }
    if let Some(query) = uri.query() {
        normal.push('?');
        normal.push_str(query);
    }
    // Only the path matters from here on, so scheme and authority are left behind.
    PathAndQuery::try_from(normal).ok().map(Uri::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_collapsed_and_queries_kept() {
        for (given, expected) in [
            ("/a/b", None),
            ("/", None),
            ("//", Some("/")),
            ("/a//b/", Some("/a/b")),
            (
                "/api/v2//reports/customer_credits/data/?a=1//2",
                Some("/api/v2/reports/customer_credits/data?a=1//2"),
            ),
            ("http://host//a", Some("/a")),
            ("*", None),
        ] {
            let uri: Uri = given.parse().unwrap();
            let expected: Option<Uri> = expected.map(|text| text.parse().unwrap());
            assert_eq!(normalize(&uri), expected, "{given}");
        }
    }
}
