//! The formats of amounts, looked up once per currency. Rule: spec/reports.md §13.

use model::money::{AmountFormat, Currency};

use super::WriteError;
use super::values::{AmountValues, ValuePosition};

/// The currencies used so far. The one used last is first.
#[derive(Debug, Default)]
pub(super) struct CurrencyFormats {
    known: Vec<CurrencyFormat>,
}

/// The formats of one currency.
#[derive(Debug)]
pub(super) struct CurrencyFormat {
    code: String,
    /// The currency's code in upper case.
    pub(super) code_upper: String,
    /// The number of digits after the decimal point.
    pub(super) digits: u32,
    /// The format of the currency's amounts.
    pub(super) format: AmountFormat,
    /// The part of a money object after the amount's text, including the closing brace.
    json_tail: String,
}

/// Returns an amount as a money object, as JSON text. Rule: spec/reports.md §13.
pub fn money_object(minor: i128, currency: Currency) -> String {
    let mut out = Vec::new();
    CurrencyFormat::from_currency(currency).write_money(minor, &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

impl CurrencyFormats {
    /// Returns the currency with this lower-case code, or `None` if ISO 4217 does not list it.
    pub(super) fn get(&mut self, code: &str) -> Option<&CurrencyFormat> {
        match self.known.iter().position(|known| known.code == code) {
            Some(0) => {}
            Some(position) => self.known.swap(0, position),
            None => {
                self.known.push(CurrencyFormat::from_currency(Currency::parse(code)?));
                let last = self.known.len() - 1;
                self.known.swap(0, last);
            }
        }
        self.known.first()
    }

    /// Returns the currency of the amount at `at`.
    pub(super) fn for_amount(
        &mut self,
        amount: &AmountValues,
        at: ValuePosition,
    ) -> Result<&CurrencyFormat, WriteError> {
        let code = amount.currency(at.position, at.row);
        self.get(code).ok_or_else(|| WriteError::CurrencyUnknown {
            key: at.key.to_owned(),
            currency: code.to_owned(),
        })
    }
}

impl CurrencyFormat {
    fn from_currency(currency: Currency) -> Self {
        let (symbol, position) = currency.symbol();
        let code = currency.code().to_owned();
        // Codes and symbols contain no characters that JSON must escape.
        let json_tail = format!(
            "\",\"iso_currency_code\":\"{code}\",\"currency_symbol\":\"{symbol}\",\
             \"currency_symbol_position\":\"{}\"}}",
            position.as_str()
        );
        let code_upper = code.to_ascii_uppercase();
        let (digits, format) = (currency.digits(), AmountFormat::for_currency(currency));
        Self { code, code_upper, digits, format, json_tail }
    }

    /// Appends an amount as a money object.
    pub(super) fn write_money(&self, minor: i128, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"decimal\":");
        self.format.write_decimal(minor, out);
        out.extend_from_slice(b",\"string\":\"");
        self.format.write_display(minor, out);
        out.extend_from_slice(self.json_tail.as_bytes());
    }
}
