//! The headers that say who calls, for which provider and in which mode.
//! Rule: spec/auth-and-errors.md §1, §3.

use app::auth::admission::CallerHeaders;
use app::auth::scope::{MODE_HEADER, PROVIDER_HEADER};
use http::{HeaderMap, header};

use super::content::header_text;

/// Reads them.
pub(crate) fn read(headers: &HeaderMap) -> CallerHeaders<'_> {
    CallerHeaders {
        authorization: header_text(headers, header::AUTHORIZATION.as_str()),
        provider: header_text(headers, PROVIDER_HEADER),
        mode: header_text(headers, MODE_HEADER),
    }
}

#[cfg(test)]
mod tests {
    use app::auth::credential::HeaderText;
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_header_is_absent_a_text_no_text_or_sent_twice() {
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers).provider, HeaderText::Absent);
        headers.append(PROVIDER_HEADER, HeaderValue::from_static("1"));
        assert_eq!(read(&headers).provider, HeaderText::Text("1"));
        headers.append(PROVIDER_HEADER, HeaderValue::from_static("1"));
        assert_eq!(read(&headers).provider, HeaderText::Repeated);
        headers.insert(MODE_HEADER, HeaderValue::from_bytes(b"\xff").unwrap());
        assert_eq!(read(&headers).mode, HeaderText::NotText);
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Token rbk_x"));
        assert_eq!(read(&headers).authorization, HeaderText::Text("Token rbk_x"));
    }
}
