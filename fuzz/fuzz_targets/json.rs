//! Any bytes as JSON lines and as a JSON array, of one table and of many, whole and in small
//! pieces: no panic, and the same rows.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use model::file_format::FileFormat;

fuzz_target!(|bytes: &[u8]| {
    if bytes.len() > 4096 {
        return;
    }
    for format in [FileFormat::Ndjson, FileFormat::Json] {
        let whole = reading::rows_of("invoices", bytes, usize::MAX, format);
        assert_eq!(whole, reading::rows_of("invoices", bytes, 3, format));
        let whole = reading::rows_of_many(bytes, usize::MAX, format);
        assert_eq!(whole, reading::rows_of_many(bytes, 3, format));
    }
});
