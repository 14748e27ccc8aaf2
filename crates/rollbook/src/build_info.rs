//! Version, commit and build profile of the program. Rule: spec/product.md, "Command line".

use app::BuildInfo;

/// The build, as `/metrics` shows it.
pub const INFO: BuildInfo = BuildInfo {
    version: env!("CARGO_PKG_VERSION"),
    commit: env!("BUILD_COMMIT"),
    profile: env!("BUILD_PROFILE"),
};

/// The build in one line, as `rollbook --version` prints it.
pub const VERSION: &str = concat!(
    env!("CARGO_PKG_VERSION"),
    " (commit ",
    env!("BUILD_COMMIT"),
    ", ",
    env!("BUILD_PROFILE"),
    " build)"
);
