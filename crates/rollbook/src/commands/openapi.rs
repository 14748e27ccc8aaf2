//! `rollbook openapi`.

use super::{print, to_json};
use crate::failure::Failure;

pub(crate) fn run() -> Result<(), Failure> {
    print(&to_json(&server::openapi::full_document(None))?)
}
