//! Sizes such as `512MiB` and `50%`.

const UNITS: [(&str, u64); 8] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("b", 1),
];

/// Parses a size in bytes. A percentage is a share of `whole`.
pub(super) fn parse_size(text: &str, whole: Option<u64>) -> Result<u64, String> {
    let expected = || {
        let of = if whole.is_some() { " or a share such as 50%" } else { "" };
        format!("{text:?} is not a size: expected one such as 512MiB{of}")
    };
    let lower = text.trim().to_ascii_lowercase();
    if let (Some(percent), Some(whole)) = (lower.strip_suffix('%'), whole) {
        let percent: u64 = percent.trim().parse().map_err(|_| expected())?;
        return match percent {
            1..=100 => Ok(whole / 100 * percent),
            _ => Err(expected()),
        };
    }
    let unit = UNITS.iter().find_map(|(unit, bytes)| Some((lower.strip_suffix(unit)?, *bytes)));
    let (digits, bytes) = unit.unwrap_or((&lower, 1));
    let number: u64 = digits.trim().parse().map_err(|_| expected())?;
    number.checked_mul(bytes).filter(|size| *size > 0).ok_or_else(expected)
}

/// Returns the memory of this machine, or the limit of this process's control group if that is
/// lower.
pub(super) fn machine_memory() -> Option<u64> {
    let info = std::fs::read_to_string("/proc/meminfo").ok()?;
    let total = info.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    let limit = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let limit = limit.and_then(|text| text.trim().parse().ok());
    Some((kib * 1024).min(limit.unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read() {
        for (text, whole, size) in [
            ("512MiB", None, Some(512 << 20)),
            ("2 gib", None, Some(2 << 30)),
            ("1000", None, Some(1000)),
            ("3MB", None, Some(3_000_000)),
            ("50%", Some(1000), Some(500)),
            ("50%", None, None),
            ("0%", Some(1000), None),
            ("101%", Some(1000), None),
            ("0", None, None),
            ("-1MiB", None, None),
            ("a lot", None, None),
            ("99999999999TiB", None, None),
        ] {
            assert_eq!(parse_size(text, whole).ok(), size, "{text}");
        }
        let said = parse_size("x", Some(1)).unwrap_err();
        assert!(said.contains("512MiB") && said.contains("50%"), "{said}");
    }
}
