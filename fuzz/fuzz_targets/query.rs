//! Any query string as the parameters of a page and of a file: no panic, and every refusal names a
//! parameter that was given or is required.
#![no_main]

use libfuzzer_sys::fuzz_target;
use model::id::ProviderId;
use model::provider::Provider;
use model::time::Instant;
use reports::{find_report, report_catalogue};
use reports::request::{FieldErrors, RawParameters, RawValue, RequestContext};

fuzz_target!(|bytes: &[u8]| {
    let Some((first, query)) = bytes.split_first().filter(|(_, query)| query.len() <= 2048) else {
        return;
    };
    let all = report_catalogue();
    let report = &all[usize::from(*first) % all.len()];
    let report = find_report(report.name()).expect("a report is found by its name");
    let pairs = form_urlencoded::parse(query);
    let given: RawParameters =
        pairs.map(|(name, value)| (name.into_owned(), RawValue::Text(value.into_owned()))).collect();
    let provider = Provider::new(ProviderId(1), "P");
    let context = RequestContext {
        now: Instant::from_micros(1_700_000_000_000_000),
        page_size_max: 500,
        caller_name: None,
    };
    let page = reports::request::parse_page(report, &given, &provider, &context);
    check(page.err());
    check(reports::request::parse_file(report, &given, &provider, &context).err());
});

fn check(refusal: Option<FieldErrors>) {
    let Some(FieldErrors(errors)) = refusal else { return };
    assert!(!errors.is_empty(), "a refusal says why");
    for (name, messages) in errors {
        assert!(!messages.is_empty() && messages.iter().all(|text| !text.is_empty()), "{name}");
    }
}
