//! Any bytes as a CSV file, whole and in small pieces: no panic, and the same rows.
#![no_main]

mod reading;

use libfuzzer_sys::fuzz_target;
use model::file_format::FileFormat;

fuzz_target!(|bytes: &[u8]| {
    if bytes.len() > 4096 {
        return;
    }
    let whole = reading::rows_of("customers", bytes, usize::MAX, FileFormat::Csv);
    assert_eq!(whole, reading::rows_of("customers", bytes, 3, FileFormat::Csv));
});
