use std::io::Write;

use flate2::write::GzEncoder;
use model::catalogue::table;
use model::file_format::FileFormat;
use model::import::ImportCode::CompressionInvalid;

use super::{chunked, input, read};
use crate::format::Compression;
use crate::read::{ImportMode, RATIO_FREE_BYTES, ReadError, read_table};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Compresses with a checksum, as the `zstd` command does. Without one, not every flipped bit can
/// be detected.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Rows that do not compress well, so that a cut falls between them.
fn rows(ids: std::ops::Range<u64>) -> String {
    let row = |id: u64| {
        format!("{{\"id\":{id},\"name\":\"{:x}\"}}\n", id.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    };
    ids.map(row).collect()
}

#[test]
fn packed_inputs_of_one_or_more_parts_read_whole() {
    let (first, second) = (rows(1..500), rows(500..1000));
    for (compression, pack) in
        [(Compression::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Compression::Zstd, zstd)]
    {
        let packed = [pack(first.as_bytes()), pack(second.as_bytes())].concat();
        for size in [1, 7, usize::MAX] {
            let input = chunked(packed.clone(), size, FileFormat::Ndjson, compression);
            let outcome = read("sites", ImportMode::Upsert, input);
            assert_eq!((outcome.ids().len(), &outcome.end), (999, &None), "{compression:?}");
        }
    }
}

#[test]
fn cut_or_damaged_packing_is_never_silently_short() {
    let text = rows(1..2000);
    for (compression, packed) in
        [(Compression::Gzip, gzip(text.as_bytes())), (Compression::Zstd, zstd(text.as_bytes()))]
    {
        let middle = packed.len() / 2;
        let mut flipped = packed.clone();
        flipped[middle] ^= 0x55;
        let with_garbage = [&packed[..], b"garbage behind the end"].concat();
        let cuts = [0, 1, 5, middle, packed.len() - 9, packed.len() - 1];
        let bad = cuts.iter().map(|cut| packed[..*cut].to_vec());
        for (number, bad) in bad.chain([flipped, with_garbage, b"not packed".to_vec()]).enumerate()
        {
            let outcome =
                read("sites", ImportMode::Upsert, input(bad, FileFormat::Ndjson, compression));
            let end = outcome.end.map(|(code, ..)| code);
            assert_eq!(end, Some(CompressionInvalid), "{compression:?} {number}");
        }
    }
}

#[test]
fn the_error_of_a_cut_names_the_line_and_rows_before_it_are_still_read() {
    let text = rows(1..5000);
    let packed = gzip(text.as_bytes());
    let cut = packed[..packed.len() / 2].to_vec();
    let outcome =
        read("sites", ImportMode::Upsert, input(cut, FileFormat::Ndjson, Compression::Gzip));
    let (_, line, ..) = outcome.end.unwrap();
    assert!(!outcome.changes.is_empty());
    assert_eq!(line, Some(outcome.changes.len() as u64 + 1));
}

#[test]
fn unpacking_stops_at_its_bound() {
    let text = rows(1..2000);
    for (compression, packed) in [
        (Compression::None, text.clone().into_bytes()),
        (Compression::Gzip, gzip(text.as_bytes())),
        (Compression::Zstd, zstd(text.as_bytes())),
    ] {
        let ends = |bytes_max: u64| {
            let mut input = input(packed.clone(), FileFormat::Ndjson, compression);
            input.bounds.bytes_max = Some(bytes_max);
            read_table(table("sites").unwrap(), ImportMode::Upsert, input).unwrap().last()
        };
        let size = text.len() as u64;
        assert!(matches!(ends(size), Some(Ok(_))), "{compression:?}");
        let refused = ends(size - 1);
        assert!(
            matches!(refused, Some(Err(ReadError::TooLarge { bytes_max })) if bytes_max == size - 1),
            "{compression:?}"
        );
    }
}

#[test]
fn unpacking_stops_where_little_becomes_very_much() {
    let bytes = |count: u64| vec![b' '; usize::try_from(count).unwrap()];
    for (compression, pack) in
        [(Compression::Gzip, gzip as fn(&[u8]) -> Vec<u8>), (Compression::Zstd, zstd)]
    {
        let is_refused = |unpacked: Vec<u8>| {
            let mut input = input(pack(&unpacked), FileFormat::Ndjson, compression);
            input.bounds.ratio_max = Some(100);
            let last =
                read_table(table("sites").unwrap(), ImportMode::Upsert, input).unwrap().last();
            matches!(last, Some(Err(ReadError::TooDense { ratio_max: 100 })))
        };
        assert!(!is_refused(bytes(RATIO_FREE_BYTES)), "{compression:?}");
        assert!(is_refused(bytes(RATIO_FREE_BYTES + 1)), "{compression:?}");
        let usual = rows(1..500_000).into_bytes();
        assert!(usual.len() as u64 > RATIO_FREE_BYTES && !is_refused(usual), "{compression:?}");
    }
}

#[test]
fn unpacking_that_needs_much_memory_is_refused_where_it_is_bounded() {
    let text = rows(1..100_000);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(24).unwrap();
    encoder.write_all(text.as_bytes()).unwrap();
    let packed = encoder.finish().unwrap();
    for (log, expected) in [(None, None), (Some(24), None), (Some(23), Some(CompressionInvalid))] {
        let mut input = input(packed.clone(), FileFormat::Ndjson, Compression::Zstd);
        input.bounds.zstd_window_log_max = log;
        let outcome = read("sites", ImportMode::Upsert, input);
        assert_eq!(outcome.end.map(|(code, ..)| code), expected, "{log:?}");
    }
}

#[test]
fn reading_ends_when_it_is_stopped() {
    let blank = "\n".repeat(3 << 20);
    let input = input(zstd(blank.as_bytes()), FileFormat::Ndjson, Compression::Zstd);
    let progress = input.progress();
    let mut batches = read_table(table("sites").unwrap(), ImportMode::Upsert, input).unwrap();
    progress.stop();
    assert!(matches!(batches.next(), Some(Err(ReadError::Io(_)))));
    assert!(batches.next().is_none());
}
