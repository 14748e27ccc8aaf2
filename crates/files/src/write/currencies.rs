//! How amounts are written, looked up once per currency. Rule: spec/reports.md §13.

use model::money::{AmountFormat, Currency};

use super::WriteError;
use super::values::{Amount, At};

/// The currencies met so far, the one met last in front.
#[derive(Debug, Default)]
pub(super) struct Currencies {
    known: Vec<Known>,
}

/// One currency.
#[derive(Debug)]
pub(super) struct Known {
    code: String,
    /// Its upper-case code.
    pub(super) code_upper: String,
    /// Digits after the decimal point.
    pub(super) digits: u32,
    /// How its amounts are written.
    pub(super) format: AmountFormat,
    /// The part of a money object that follows the amount's text, closing brace included.
    json_tail: String,
}

/// An amount as the money object of an answer: JSON text. Rule: spec/reports.md §13.
pub fn money_object(minor: i128, currency: Currency) -> String {
    let mut out = Vec::new();
    Known::of(currency).write_money(minor, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

impl Currencies {
    /// The currency with this lower-case code; none when ISO 4217 does not list it.
    pub(super) fn get(&mut self, code: &str) -> Option<&Known> {
        match self.known.iter().position(|known| known.code == code) {
            Some(0) => {}
            Some(position) => self.known.swap(0, position),
            None => {
                self.known.push(Known::of(Currency::parse(code)?));
                let last = self.known.len() - 1;
                self.known.swap(0, last);
            }
        }
        self.known.first()
    }

    /// The currency of the amount that stands at `at`.
    pub(super) fn of_amount(&mut self, amount: &Amount, at: At) -> Result<&Known, WriteError> {
        let code = amount.currency(at.position, at.row);
        self.get(code).ok_or_else(|| WriteError::CurrencyUnknown {
            key: at.key.to_owned(),
            currency: code.to_owned(),
        })
    }
}

impl Known {
    fn of(currency: Currency) -> Self {
        let (symbol, position) = currency.symbol();
        let code = currency.code().to_owned();
        // Codes and symbols hold nothing that JSON escapes.
        let json_tail = format!(
            "\",\"iso_currency_code\":\"{code}\",\"currency_symbol\":\"{symbol}\",\
             \"currency_symbol_position\":\"{}\"}}",
            position.as_str()
        );
        let code_upper = code.to_ascii_uppercase();
        let (digits, format) = (currency.digits(), AmountFormat::of(currency));
        Self { code, code_upper, digits, format, json_tail }
    }

    /// Appends the money object of an amount.
    pub(super) fn write_money(&self, minor: i128, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"decimal\":");
        self.format.write_decimal(minor, out);
        out.extend_from_slice(b",\"string\":\"");
        self.format.write_display(minor, out);
        out.extend_from_slice(self.json_tail.as_bytes());
    }
}
