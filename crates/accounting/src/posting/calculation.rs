//! The steps of the calculation behind a posting, kept with it and told in plain words.
//! Rule: spec/accounting.md §13 (explain).

use model::money::Currency;
use model::time::Date;

use crate::settings::ReversalSplit;

/// One step of the calculation behind a posting. Amounts are in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalculationStep {
    /// An invoice was booked.
    Booked {
        /// The invoice's total.
        total: i128,
        /// The invoice's tax.
        tax: i128,
    },
    /// A payment was applied to the receivable.
    Paid {
        /// The amount of the payment.
        amount: i128,
        /// The receivable before the payment.
        due: i128,
        /// The amount applied to the receivable.
        applied: i128,
    },
    /// A payment that was made before its invoice settled it.
    SettledByPaymentAhead {
        /// The part of the payment that was still credit.
        amount: i128,
        /// The receivable before.
        due: i128,
        /// The amount applied to the receivable.
        applied: i128,
    },
    /// Customer credit was applied to an invoice or taken back.
    Applied {
        /// The stored amount.
        amount: i128,
        /// The receivable after it.
        due_after: i128,
    },
    /// A piece moved from deferred to recognized.
    Moved {
        /// The local date up to which days count, exclusive.
        until: Date,
        /// D₀: the deferred amount at the last reversal, or the net.
        deferred: i128,
        /// W₀: the recognized amount at the last reversal.
        recognized: i128,
        /// u₀: the progress at the last reversal.
        from: i128,
        /// u: the progress now.
        at: i128,
        /// U: the progress at the end.
        total: i128,
        /// The name of the units.
        unit: &'static str,
        /// The amount moved since then, before this step.
        before: i128,
        /// The amount moved since then, including this step.
        moved: i128,
    },
    /// The subscription ended, so the whole deferred amount was recognized.
    Finished {
        /// The amount.
        deferred: i128,
    },
    /// A net amount was taken back.
    TakenBack {
        /// n: the net amount.
        net: i128,
        /// ΣD before.
        deferred: i128,
        /// ΣW before.
        recognized: i128,
        /// d: the amount taken from deferred.
        from_deferred: i128,
        /// r: the amount taken from recognized.
        from_recognized: i128,
        /// x: the amount beyond the invoice.
        beyond: i128,
        /// The setting that decides the order.
        split: ReversalSplit,
    },
    /// The tax contained in an amount that is taken back.
    TaxShare {
        /// TAX before.
        tax: i128,
        /// The amount.
        amount: i128,
        /// G: the part of the invoice that is not taken back yet.
        left: i128,
        /// The tax contained in the amount.
        share: i128,
    },
    /// A credit note lowered the receivable; the rest became customer credit.
    Credited {
        /// The note's total.
        total: i128,
        /// The amount by which the receivable was lowered.
        receivable: i128,
    },
    /// A refund pays out a credit note.
    RefundOfNote {
        /// The amount of the refund.
        amount: i128,
    },
    /// A refund without a credit note.
    Refunded {
        /// The amount of the refund.
        amount: i128,
        /// The amount taken from customer credit that the invoice's payments had left.
        from_credit: i128,
        /// The amount that the customer had given for the invoice.
        settled: i128,
        /// The amount taken back from the invoice.
        taken_back: i128,
    },
    /// A receivable was written off.
    WrittenOff {
        /// The amount written off.
        due: i128,
    },
    /// An invoice was voided.
    Voided {
        /// The receivable before.
        due: i128,
        /// G: the part of the invoice that was not taken back yet.
        left: i128,
    },
    /// A payment, refund or credit that is linked to no invoice.
    Untied {
        /// The amount.
        amount: i128,
    },
}

impl CalculationStep {
    /// Returns the step as a sentence, with amounts in major units.
    pub fn sentence(&self, currency: Currency) -> String {
        let money = |minor: i128| currency.decimal(minor);
        match self {
            Self::Booked { total, tax } => format!(
                "invoiced {}: net {} = total {} - tax {} is deferred",
                money(*total),
                money(total - tax),
                money(*total),
                money(*tax)
            ),
            Self::Paid { amount, due, applied } => format!(
                "paid {}: {} were due, so {} settle the invoice and {} become customer credit",
                money(*amount),
                money(*due),
                money(*applied),
                money(amount - applied)
            ),
            Self::SettledByPaymentAhead { amount, due, applied } => format!(
                "paid before the invoice was there: {} were customer credit, {} are due, so {} \
                 settle the invoice",
                money(*amount),
                money(*due),
                money(*applied)
            ),
            Self::Applied { amount, due_after } => format!(
                "customer credit of {} used; {} remain due",
                money(*amount),
                money(*due_after)
            ),
            Self::Moved { .. } => self.movement_text(currency),
            Self::Finished { deferred } => {
                format!("the subscription ended: the remaining {} are recognized", money(*deferred))
            }
            Self::TakenBack { .. } => self.taken_back_text(currency),
            Self::TaxShare { tax, amount, left, share } => format!(
                "tax in it: {} x {} / {} = {}",
                money(*tax),
                money(*amount),
                money(*left),
                money(*share)
            ),
            Self::Credited { total, receivable } => format!(
                "credited {}: {} lower what is due, {} become customer credit",
                money(*total),
                money(*receivable),
                money(total - receivable)
            ),
            Self::RefundOfNote { amount } => format!(
                "refunded {}: a credit note had moved it to customer credit before",
                money(*amount)
            ),
            Self::Refunded { amount, from_credit, settled, taken_back } => format!(
                "refunded {}: {} from credit that the invoice's payments had made, {} of the {} given for the \
                 invoice, {} from customer credit",
                money(*amount),
                money(*from_credit),
                money(*taken_back),
                money(*settled),
                money(amount - from_credit - taken_back)
            ),
            Self::WrittenOff { due } => format!("written off: {} were due", money(*due)),
            Self::Voided { due, left } => format!(
                "voided: {} left of the invoice are reversed, {} of it were due, {} become customer \
                 credit",
                money(*left),
                money(*due),
                money(left - due)
            ),
            Self::Untied { amount } => format!("{}, tied to no invoice", money(*amount)),
        }
    }

    fn movement_text(&self, currency: Currency) -> String {
        let Self::Moved { until, deferred, recognized, from, at, total, unit, before, moved } =
            self
        else {
            return String::new();
        };
        let money = |minor: i128| currency.decimal(minor);
        if at < from {
            return format!(
                "until {until}: {at} of {from} {unit} kept, so {} of the {} recognized came back",
                money(before - moved),
                money(*recognized)
            );
        }
        let (since, whole) = (at - from, total - from);
        let share = format!(
            "until {until}: {} x {since} / {whole} {unit} = {}",
            money(*deferred),
            money(*moved)
        );
        match before {
            0 => share,
            before => format!("{share}, less {} = {}", money(*before), money(moved - before)),
        }
    }

    fn taken_back_text(&self, currency: Currency) -> String {
        let Self::TakenBack {
            net,
            deferred,
            recognized,
            from_deferred,
            from_recognized,
            beyond,
            split,
        } = self
        else {
            return String::new();
        };
        let money = |minor: i128| currency.decimal(minor);
        let order = match split {
            ReversalSplit::UndeliveredFirst => "undelivered first",
            ReversalSplit::Proportional => "in proportion",
        };
        format!(
            "net {} taken back, {order}: {} of {} deferred, {} of {} recognized, {} beyond the \
             invoice",
            money(*net),
            money(*from_deferred),
            money(*deferred),
            money(*from_recognized),
            money(*recognized),
            money(*beyond)
        )
    }
}
