//! The server as its clients see it, over a real store and mirror in a folder of their own.

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
