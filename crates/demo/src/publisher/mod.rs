//! The publisher: renewing subscriptions, shipped issues, orders, newsletters, campaigns.
//!
//! | module | holds |
//! | --- | --- |
//! | `offer` | sites, products, plans, coupons |
//! | `campaigns` | campaigns and their runs |
//! | `subscriber` | one customer's story |
//! | `subscription` | one subscription from start to end: invoices, issues |
//! | `shop` | orders of goods |

mod campaigns;
mod offer;
mod shop;
mod subscriber;
mod subscription;

use std::io;

use super::row_generator::RowGenerator;

/// Average number of rows per customer, as measured; a test checks it.
pub(super) const ROWS_PER_SUBSCRIBER: u64 = 21;

/// Generates the publisher with this many customers.
pub(super) fn generate_publisher(
    generator: &mut RowGenerator<'_>,
    customers: u64,
) -> io::Result<()> {
    offer::add_offer(generator)?;
    campaigns::add_campaigns(generator, customers)?;
    for number in 0..customers {
        generator.begin_customer(number + 1);
        subscriber::generate_subscriber(generator, number)?;
    }
    Ok(())
}
