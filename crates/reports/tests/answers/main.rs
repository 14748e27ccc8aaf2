//! Tests of reports over small literal tables, with requests as the server makes them.

#[cfg(test)]
mod all_rows;
#[cfg(test)]
mod answers;
#[cfg(test)]
mod attendances;
#[cfg(test)]
mod catalogue;
#[cfg(test)]
mod credits;
#[cfg(test)]
mod customers;
#[cfg(test)]
mod exports;
#[cfg(test)]
mod grouped;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod holds;
#[cfg(test)]
mod invoices;
#[cfg(test)]
mod lines;
#[cfg(test)]
mod memberships;
#[cfg(test)]
mod paging;
#[cfg(test)]
mod parameters;
#[cfg(test)]
mod pivots;
#[cfg(test)]
mod random;
#[cfg(test)]
mod usage;
