//! The parts in which the books are read. Each has about as many records as fit well into memory.

use std::collections::HashSet;

use accounting::ProviderCalendar;
use accounting::records::{Directory, PlanRecord, Product};
use datafusion::logical_expr::Expr;
use datafusion::prelude::col;
use mirror::MirrorSession;

use super::error::BooksError;
use super::invoice_links::InvoiceLinks;
use super::scan::{read_all, visit_rows};

/// The approximate number of invoices in a part. A part of this size takes about 40 MiB.
pub const INVOICES_PER_PART: usize = 32_768;

/// The parts of a provider's books at one revision.
pub struct BookParts {
    pub(super) session: MirrorSession,
    pub(super) calendar: ProviderCalendar,
    pub(super) links: InvoiceLinks,
    /// The invoices that must be read together with others.
    pub(super) linked_invoices: HashSet<i64>,
    pub(super) parts: Vec<BookPart>,
    /// Plans and products, which every part needs.
    pub(super) directory: Directory,
}

/// A set of records that are read together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BookPart {
    /// Invoices with ids within these bounds, without those that are linked to others.
    Range { first: i64, last: i64 },
    /// Components of linked invoices, by position.
    Components(std::ops::Range<usize>),
    /// Payments without an invoice, with ids within these bounds.
    Payments { first: i64, last: i64 },
    /// Balance transactions without an invoice, with ids within these bounds.
    BalanceTransactions { first: i64, last: i64 },
    /// Refunds without an invoice, by position.
    Refunds(std::ops::Range<usize>),
    /// Shipments of subscriptions without an invoice, by position of the subscription.
    Shipments(std::ops::Range<usize>),
    /// Orders without an invoice, by position.
    Orders(std::ops::Range<usize>),
}

impl BookParts {
    /// Splits the books of the session's provider into parts of about `size` invoices.
    ///
    /// Reads the ids of invoices and the records that link them. Blocks: call it off the event
    /// loop.
    pub fn split_into_parts(
        session: &MirrorSession,
        calendar: ProviderCalendar,
        size: usize,
    ) -> Result<Self, BooksError> {
        let size = size.max(1);
        let mut cut = Self::without_parts(session, calendar)?;
        let ties = &cut.links;
        let is_loose = || Some(col("t.invoice_id").is_null());
        let mut parts = Vec::new();
        for (first, last) in id_ranges(session, "invoices", None, size)? {
            parts.push(BookPart::Range { first, last });
        }
        for (first, last) in id_ranges(session, "payments", is_loose(), size)? {
            parts.push(BookPart::Payments { first, last });
        }
        for (first, last) in id_ranges(session, "balance_transactions", is_loose(), size)? {
            parts.push(BookPart::BalanceTransactions { first, last });
        }
        parts.extend(pack_components(&ties.components, size).map(BookPart::Components));
        parts.extend(
            split_positions(ties.refunds_without_invoice.len(), size).map(BookPart::Refunds),
        );
        parts.extend(
            split_positions(ties.shipments_without_invoice.len(), size).map(BookPart::Shipments),
        );
        parts
            .extend(split_positions(ties.orders_without_invoice.len(), size).map(BookPart::Orders));
        cut.parts = parts;
        Ok(cut)
    }

    /// Reads the links, but makes no parts yet. Enough to load the part of a single record.
    pub(super) fn without_parts(
        session: &MirrorSession,
        calendar: ProviderCalendar,
    ) -> Result<Self, BooksError> {
        let ties = InvoiceLinks::read(session)?;
        let tied = ties.linked();
        let directory = Directory {
            plans: read_all::<PlanRecord>(session)?
                .into_iter()
                .map(|plan| (plan.id, plan))
                .collect(),
            products: read_all::<Product>(session)?.into_iter().map(|p| (p.id, p)).collect(),
            ..Directory::default()
        };
        let (session, parts) = (session.clone(), Vec::new());
        Ok(Self { session, calendar, links: ties, linked_invoices: tied, parts, directory })
    }

    /// Returns the number of parts.
    pub fn len(&self) -> usize {
        self.parts.len()
    }

    /// Returns true if there are no parts.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

/// Returns ranges of ids with about `size` rows each, which together cover all possible ids.
/// Without rows there are no ranges, except for invoices.
fn id_ranges(
    session: &MirrorSession,
    table: &str,
    filter: Option<Expr>,
    size: usize,
) -> Result<Vec<(i64, i64)>, BooksError> {
    let mut rows = session.scan(table, "t")?;
    if let Some(filter) = filter {
        rows = rows.filter(filter)?;
    }
    let ids = rows.project(vec![col("t.id").alias("id")])?;
    let ids = ids.sort(vec![col("id").sort(true, false)])?;
    let mut starts = Vec::new();
    let mut seen = 0;
    visit_rows(session, ids, |[id]| {
        if seen % size == 0 {
            starts.extend(id);
        }
        seen += 1;
    })?;
    // The ranges have no outer bounds, so that records which name an invoice that does not exist
    // are read as well.
    if let Some(first) = starts.first_mut() {
        *first = i64::MIN;
    } else if table == "invoices" {
        starts.push(i64::MIN);
    }
    let ends = starts.iter().skip(1).map(|next| next - 1).chain([i64::MAX]);
    Ok(starts.iter().copied().zip(ends).collect())
}

/// Returns runs of components with about `size` invoices each. No component is split.
fn pack_components(
    components: &[Vec<i64>],
    size: usize,
) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut packs = Vec::new();
    let (mut start, mut held) = (0, 0);
    for (at, component) in components.iter().enumerate() {
        if held > 0 && held + component.len() > size {
            packs.push(start..at);
            (start, held) = (at, 0);
        }
        held += component.len();
    }
    if held > 0 {
        packs.push(start..components.len());
    }
    packs.into_iter()
}

fn split_positions(count: usize, size: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    (0..count).step_by(size).map(move |start| start..count.min(start + size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_packed_whole() {
        let components = [vec![1, 2], vec![3, 4, 5], vec![6, 7], vec![8, 9]];
        let packed: Vec<_> = pack_components(&components, 4).collect();
        assert_eq!(packed, [0..1, 1..2, 2..4]);
        assert_eq!(pack_components(&[], 4).count(), 0);
        assert_eq!(split_positions(5, 2).collect::<Vec<_>>(), [0..2, 2..4, 4..5]);
    }
}
