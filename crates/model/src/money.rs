//! Currencies and exact decimal text. Rule: spec/reports.md §13, spec/data-model.md §1.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::time::Date;

/// A lower-case ISO 4217 code, active or withdrawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Active ISO 4217 codes whose amounts have two decimals.
const TWO_DIGITS: &str = "aed afn all amd aoa ars aud awg azn bam bbd bdt bmd bnd bob bov brl \
    bsd btn bwp byn bzd cad cdf che chf chw cny cop cou crc cup cve czk dkk dop dzd egp ern etb \
    eur fjd fkp gbp gel ghs gip gmd gtq gyd hkd hnl htg huf idr ils inr irr jmd kes kgs khr kpw \
    kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mru mur mvr mwk mxn mxv myr mzn nad \
    ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sdg sek sgd shp sle \
    sos srd ssp stn svc syp szl thb tjs tmt top try ttd twd tzs uah usd usn uyu uzs ved ves wst \
    xad xcd xcg yer zar zmw zwg";
const NO_DIGITS: &str = "bif clp djf gnf isk jpy kmf krw pyg rwf ugx uyi vnd vuv xaf xof xpf";
const THREE_DIGITS: &str = "bhd iqd jod kwd lyd omr tnd";
const FOUR_DIGITS: &str = "clf uyw";

/// A code that ISO 4217 has withdrawn. Old records may have it.
struct WithdrawnCurrency {
    code: &'static str,
    digits: u8,
    /// The first month, `YYYY-MM`, in which the code was not a currency any more.
    since: &'static str,
}

/// Codes withdrawn since 1990, with their former number of decimals.
static WITHDRAWN: &[WithdrawnCurrency] = &[
    withdrawn_currency("adp", 0, "2002-03"),
    withdrawn_currency("afa", 2, "2003-01"),
    withdrawn_currency("ang", 2, "2025-07"),
    withdrawn_currency("aon", 2, "2000-02"),
    withdrawn_currency("aor", 2, "2000-02"),
    withdrawn_currency("ats", 2, "2002-03"),
    withdrawn_currency("aym", 2, "2005-10"),
    withdrawn_currency("azm", 2, "2006-01"),
    withdrawn_currency("bef", 0, "2002-03"),
    withdrawn_currency("bgl", 2, "2003-11"),
    withdrawn_currency("bgn", 2, "2026-02"),
    withdrawn_currency("brr", 2, "1994-07"),
    withdrawn_currency("byb", 0, "2001-01"),
    withdrawn_currency("byr", 0, "2017-01"),
    withdrawn_currency("csd", 2, "2006-10"),
    withdrawn_currency("csk", 2, "1993-03"),
    withdrawn_currency("cuc", 2, "2021-06"),
    withdrawn_currency("cyp", 2, "2008-02"),
    withdrawn_currency("ddm", 2, "1990-09"),
    withdrawn_currency("dem", 2, "2002-03"),
    withdrawn_currency("ecs", 0, "2000-09"),
    withdrawn_currency("eek", 2, "2011-02"),
    withdrawn_currency("esp", 0, "2002-03"),
    withdrawn_currency("fim", 2, "2002-03"),
    withdrawn_currency("frf", 2, "2002-03"),
    withdrawn_currency("ghc", 2, "2008-01"),
    withdrawn_currency("grd", 0, "2002-03"),
    withdrawn_currency("gwp", 2, "1997-05"),
    withdrawn_currency("hrd", 2, "1995-01"),
    withdrawn_currency("hrk", 2, "2023-02"),
    withdrawn_currency("iep", 2, "2002-03"),
    withdrawn_currency("itl", 0, "2002-03"),
    withdrawn_currency("ltl", 2, "2015-02"),
    withdrawn_currency("luf", 0, "2002-03"),
    withdrawn_currency("lvl", 2, "2014-02"),
    withdrawn_currency("mgf", 0, "2005-01"),
    withdrawn_currency("mro", 2, "2018-01"),
    withdrawn_currency("mtl", 2, "2008-02"),
    withdrawn_currency("mxp", 2, "1993-01"),
    withdrawn_currency("mzm", 2, "2006-07"),
    withdrawn_currency("nlg", 2, "2002-03"),
    withdrawn_currency("plz", 2, "1997-01"),
    withdrawn_currency("pte", 0, "2002-03"),
    withdrawn_currency("rol", 2, "2006-01"),
    withdrawn_currency("rur", 2, "1999-01"),
    withdrawn_currency("sdd", 2, "2007-07"),
    withdrawn_currency("sit", 2, "2007-02"),
    withdrawn_currency("skk", 2, "2009-02"),
    withdrawn_currency("sll", 2, "2024-04"),
    withdrawn_currency("srg", 2, "2004-01"),
    withdrawn_currency("std", 2, "2018-01"),
    withdrawn_currency("tmm", 2, "2009-01"),
    withdrawn_currency("tpe", 0, "2002-11"),
    withdrawn_currency("trl", 0, "2006-01"),
    withdrawn_currency("uak", 2, "1996-09"),
    withdrawn_currency("veb", 2, "2008-07"),
    withdrawn_currency("vef", 2, "2018-09"),
    withdrawn_currency("yum", 2, "2003-07"),
    withdrawn_currency("zal", 2, "1995-04"),
    withdrawn_currency("zmk", 2, "2013-02"),
    withdrawn_currency("zrn", 2, "1999-06"),
    withdrawn_currency("zwd", 2, "2008-08"),
    withdrawn_currency("zwl", 2, "2024-10"),
    withdrawn_currency("zwn", 2, "2008-09"),
    withdrawn_currency("zwr", 2, "2009-06"),
];

const fn withdrawn_currency(
    code: &'static str,
    digits: u8,
    since: &'static str,
) -> WithdrawnCurrency {
    WithdrawnCurrency { code, digits, since }
}

/// Symbols written before the amount without a space, each with the codes that use it.
const SYMBOLS_BEFORE: &[(&str, &str)] = &[
    ("$", "usd cad aud nzd sgd hkd mxn"),
    ("£", "gbp"),
    ("€", "eur"),
    ("¥", "jpy cny"),
    ("₹", "inr"),
    ("R", "zar"),
    ("R$", "brl"),
    ("₪", "ils"),
    ("₩", "krw"),
    ("₦", "ngn"),
    ("₱", "php"),
    ("฿", "thb"),
    ("₺", "try"),
    ("₴", "uah"),
];

/// Symbols written after the amount with one space, each with the codes that use it.
const SYMBOLS_AFTER: &[(&str, &str)] = &[
    ("kr", "sek nok dkk isk"),
    ("zł", "pln"),
    ("Kč", "czk"),
    ("Ft", "huf"),
    ("lei", "ron"),
    ("лв", "bgn"),
    ("₫", "vnd"),
];

const UNKNOWN: u8 = u8::MAX;

/// Decimals of every code, indexed by [`code_position`]. A table, because imports look up one code
/// per row.
static DIGITS: [u8; 26 * 26 * 26] = digits_by_code();

const fn digits_by_code() -> [u8; 26 * 26 * 26] {
    let lists = [(NO_DIGITS, 0), (TWO_DIGITS, 2), (THREE_DIGITS, 3), (FOUR_DIGITS, 4)];
    let mut digits = [UNKNOWN; 26 * 26 * 26];
    let mut list = 0;
    while list < lists.len() {
        let codes = lists[list].0.as_bytes();
        let mut start = 0;
        while start + 3 <= codes.len() {
            let code = [codes[start], codes[start + 1], codes[start + 2]];
            match code_position(code) {
                Some(position) => digits[position] = lists[list].1,
                None => panic!("codes are three letters with one space between them"),
            }
            start += 4;
        }
        list += 1;
    }
    let mut old = 0;
    while old < WITHDRAWN.len() {
        let code = WITHDRAWN[old].code.as_bytes();
        match code_position([code[0], code[1], code[2]]) {
            Some(position) => digits[position] = WITHDRAWN[old].digits,
            None => panic!("codes are three letters"),
        }
        old += 1;
    }
    digits
}

const fn code_position(code: [u8; 3]) -> Option<usize> {
    let (a, b, c) = (
        code[0].wrapping_sub(b'a') as usize,
        code[1].wrapping_sub(b'a') as usize,
        code[2].wrapping_sub(b'a') as usize,
    );
    if a < 26 && b < 26 && c < 26 { Some((a * 26 + b) * 26 + c) } else { None }
}

/// The side of the amount on which a currency's symbol stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolPosition {
    /// Before the amount.
    Before,
    /// After the amount.
    After,
}

impl SymbolPosition {
    /// Returns `before` or `after`, the value of `currency_symbol_position`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::After => "after",
        }
    }
}

fn contains_code(codes: &str, code: &str) -> bool {
    codes.split_ascii_whitespace().any(|known| known == code)
}

impl Currency {
    /// United States dollar, the default of a provider.
    pub const USD: Self = Self(*b"usd");

    /// Returns the currency with this lower-case code; none if ISO 4217 has never listed it.
    pub fn parse(code: &str) -> Option<Self> {
        let bytes: [u8; 3] = code.as_bytes().try_into().ok()?;
        let position = code_position(bytes)?;
        (DIGITS[position] != UNKNOWN).then_some(Self(bytes))
    }

    /// Returns the lower-case code.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Returns the number of digits after the decimal point.
    pub fn digits(&self) -> u32 {
        code_position(self.0).map_or(2, |position| u32::from(DIGITS[position]))
    }

    /// Returns the first day on which ISO 4217 no longer lists this code; none while it is active.
    /// Older records may have the code; in a newer one it is probably a mistake.
    pub fn withdrawn_since(&self) -> Option<Date> {
        let known = WITHDRAWN.iter().find(|withdrawn| withdrawn.code == self.code())?;
        Date::parse(&format!("{}-01", known.since))
    }

    /// Returns the symbol and its side. A currency without a symbol returns its upper-case code,
    /// before the amount.
    pub fn symbol(&self) -> (String, SymbolPosition) {
        let find = |table: &[(&str, &str)]| {
            let entry = table.iter().find(|(_, codes)| contains_code(codes, self.code()));
            entry.map(|(symbol, _)| (*symbol).to_owned())
        };
        if let Some(symbol) = find(SYMBOLS_BEFORE) {
            (symbol, SymbolPosition::Before)
        } else if let Some(symbol) = find(SYMBOLS_AFTER) {
            (symbol, SymbolPosition::After)
        } else {
            (self.code().to_ascii_uppercase(), SymbolPosition::Before)
        }
    }

    /// Returns plain decimal text of `minor` units with exactly this currency's digits: `-5.00`,
    /// `4500`.
    pub fn decimal(&self, minor: i128) -> String {
        decimal_text(minor, self.digits())
    }

    /// Returns text for people: `£1,234.50`, `-£5`, `45 kr`. A fraction of zero is left out.
    pub fn display(&self, minor: i128) -> String {
        let mut text = Vec::new();
        AmountFormat::for_currency(*self).write_display(minor, &mut text);
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Returns decimal text of `minor` units with `digits` digits after the point. Never `-0`.
pub fn decimal_text(minor: i128, digits: u32) -> String {
    let mut text = Vec::new();
    write_decimal_text(minor, digits, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Appends the text that [`decimal_text`] returns.
pub fn write_decimal_text(minor: i128, digits: u32, out: &mut Vec<u8>) {
    match u64::try_from(minor.unsigned_abs()) {
        Ok(magnitude) => write_narrow(magnitude, minor < 0, digits, out),
        Err(_) => write_amount(minor, digits, AmountStyle::Plain, out),
    }
}

/// Appends the plain text of an amount that fits 64 bits. Fills a fixed buffer from its end, which
/// is fast and covers nearly all amounts.
fn write_narrow(magnitude: u64, is_negative: bool, digits: u32, out: &mut Vec<u8>) {
    let mut text = [0; 32];
    let (mut start, mut rest, mut count) = (text.len(), magnitude, 0);
    let mut put = |byte: u8| {
        start -= 1;
        text[start] = byte;
    };
    while rest > 0 || count <= digits {
        if count == digits && digits > 0 {
            put(b'.');
        }
        put(digit(rest));
        rest /= 10;
        count += 1;
    }
    if is_negative {
        put(b'-');
    }
    out.extend_from_slice(&text[start..]);
}

/// The text format of amounts in one currency. Computed once and used for many amounts.
#[derive(Debug, Clone)]
pub struct AmountFormat {
    digits: u32,
    prefix: String,
    suffix: String,
}

impl AmountFormat {
    /// Returns the format of `currency`.
    pub fn for_currency(currency: Currency) -> Self {
        let (symbol, position) = currency.symbol();
        let is_code = symbol.len() == 3 && symbol.bytes().all(|byte| byte.is_ascii_uppercase());
        let (prefix, suffix) = match position {
            SymbolPosition::Before if is_code => (format!("{symbol} "), String::new()),
            SymbolPosition::Before => (symbol, String::new()),
            SymbolPosition::After => (String::new(), format!(" {symbol}")),
        };
        Self { digits: currency.digits(), prefix, suffix }
    }

    /// Appends the text that [`Currency::decimal`] returns.
    pub fn write_decimal(&self, minor: i128, out: &mut Vec<u8>) {
        write_decimal_text(minor, self.digits, out);
    }

    /// Appends the text that [`Currency::display`] returns.
    pub fn write_display(&self, minor: i128, out: &mut Vec<u8>) {
        write_amount(minor, self.digits, AmountStyle::Display { prefix: &self.prefix }, out);
        out.extend_from_slice(self.suffix.as_bytes());
    }
}

#[derive(Clone, Copy)]
enum AmountStyle<'a> {
    /// `-1234.50`.
    Plain,
    /// With symbol and thousands separators, and without a fraction of zero: `-£1,234`.
    Display { prefix: &'a str },
}

fn write_amount(minor: i128, digits: u32, style: AmountStyle<'_>, out: &mut Vec<u8>) {
    let magnitude = minor.unsigned_abs();
    let scale = 10_u64.pow(digits);
    // Nearly all amounts fit 64 bits, where division is several times faster.
    let (whole, fraction) = match u64::try_from(magnitude) {
        Ok(small) => (u128::from(small / scale), small % scale),
        Err(_) => {
            let wide = u128::from(scale);
            (magnitude / wide, u64::try_from(magnitude % wide).unwrap_or_default())
        }
    };
    if minor < 0 {
        out.push(b'-');
    }
    let has_fraction = match style {
        AmountStyle::Plain => digits > 0,
        AmountStyle::Display { prefix } => {
            out.extend_from_slice(prefix.as_bytes());
            fraction > 0
        }
    };
    write_whole(whole, matches!(style, AmountStyle::Display { .. }), out);
    if has_fraction {
        out.push(b'.');
        for place in (0..digits).rev() {
            out.push(digit(fraction / 10_u64.pow(place)));
        }
    }
}

fn write_whole(value: u128, has_thousands: bool, out: &mut Vec<u8>) {
    let start = out.len();
    let mut count = 0;
    let mut push = |digit: u8| {
        if has_thousands && count > 0 && count % 3 == 0 {
            out.push(b',');
        }
        out.push(digit);
        count += 1;
    };
    let mut wide = value;
    while wide > u128::from(u64::MAX) {
        push(digit(u64::try_from(wide % 10).unwrap_or_default()));
        wide /= 10;
    }
    let mut narrow = u64::try_from(wide).unwrap_or_default();
    loop {
        push(digit(narrow));
        narrow /= 10;
        if narrow == 0 {
            break;
        }
    }
    out[start..].reverse();
}

fn digit(value: u64) -> u8 {
    b'0' + (value % 10) as u8
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        Self::parse(&code).ok_or_else(|| {
            serde::de::Error::custom("expected a lower-case ISO 4217 code such as \"usd\"")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(code: &str, minor: i128, decimal: &str, display: &str) {
        let currency = Currency::parse(code).unwrap();
        assert_eq!(currency.decimal(minor), decimal, "{code} {minor}");
        assert_eq!(currency.display(minor), display, "{code} {minor}");
    }

    #[test]
    fn amounts_are_written_with_the_currencys_digits_and_symbol() {
        check("gbp", 4500, "45.00", "£45");
        check("gbp", 123_450, "1234.50", "£1,234.50");
        check("gbp", -500, "-5.00", "-£5");
        check("usd", -5, "-0.05", "-$0.05");
        check("usd", 0, "0.00", "$0");
        check("jpy", 45, "45", "¥45");
        check("jpy", 1_234_567, "1234567", "¥1,234,567");
        check("clf", -12_345, "-1.2345", "-CLF 1.2345");
        check("usd", 99, "0.99", "$0.99");
        check(
            "usd",
            i128::MIN,
            "-1701411834604692317316873037158841057.28",
            "-$1,701,411,834,604,692,317,316,873,037,158,841,057.28",
        );
        check("kwd", 45_000, "45.000", "KWD 45");
        check("sek", 4500, "45.00", "45 kr");
        check("chf", 4550, "45.50", "CHF 45.50");
        check("usd", i128::from(i64::MAX), "92233720368547758.07", "$92,233,720,368,547,758.07");
    }

    #[test]
    fn withdrawn_currencies_are_read_and_known_as_such() {
        for (code, digits, since) in [
            ("hrk", 2, Some("2023-02-01")),
            ("ltl", 2, Some("2015-02-01")),
            ("eek", 2, Some("2011-02-01")),
            ("mro", 2, Some("2018-01-01")),
            ("byr", 0, Some("2017-01-01")),
            ("itl", 0, Some("2002-03-01")),
            ("eur", 2, None),
            ("jpy", 0, None),
        ] {
            let currency = Currency::parse(code).unwrap();
            assert_eq!(currency.digits(), digits, "{code}");
            let found = currency.withdrawn_since().map(|day| day.to_string());
            assert_eq!(found.as_deref(), since, "{code}");
        }
        for old in WITHDRAWN {
            let currency = Currency::parse(old.code).unwrap();
            assert!(currency.withdrawn_since().is_some(), "{}", old.code);
            let lists = [NO_DIGITS, TWO_DIGITS, THREE_DIGITS, FOUR_DIGITS];
            assert!(!lists.iter().any(|list| super::contains_code(list, old.code)), "{}", old.code);
        }
    }

    #[test]
    fn only_lower_case_iso_codes_are_currencies() {
        for code in ["USD", "us", "usdd", "xyz", "", "u d"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }
}
