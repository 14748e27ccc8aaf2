//! The studio: classes on a weekly timetable, appointments, courses, memberships with holds.
//!
//! | module | holds |
//! | --- | --- |
//! | `offer` | sites, offering types, the membership plans and their terms |
//! | `timetable` | the weekly slots and the events of a year |
//! | `member` | the history of one customer |
//! | `membership_history` | one membership from purchase to end: billing, holds |
//! | `visits` | bookings and attendances |

mod member;
mod membership_history;
mod offer;
mod timetable;
mod visits;

use std::io;

use super::row_generator::RowGenerator;
use timetable::Timetable;

/// Average number of rows per customer, events included, as measured; a test checks it.
pub(super) const ROWS_PER_CUSTOMER: u64 = 38;

/// Generates the studio with this many customers.
pub(super) fn generate_studio(generator: &mut RowGenerator<'_>, customers: u64) -> io::Result<()> {
    offer::add_offer(generator)?;
    let timetable = Timetable::new(generator, customers);
    timetable.add_events(generator)?;
    for number in 0..customers {
        generator.begin_customer(number + 1);
        member::generate_member(generator, &timetable, number)?;
    }
    Ok(())
}
