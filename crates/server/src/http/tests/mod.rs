//! The server as its clients see it, with a real store and mirror in a temporary folder.

mod checks;
mod connections;
mod contract;
mod errors;
mod headers;
mod imports;
mod listening;
mod logging;
mod reference;
mod sharing;
mod site;
mod usage;
mod vectors;
mod workers;
