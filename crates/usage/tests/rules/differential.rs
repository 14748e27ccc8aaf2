//! The calculation against the slow reference.

use proptest::prelude::*;

use crate::generate::case;
use crate::reference::{expected_rows, rows_of};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn usage_is_what_the_day_by_day_reference_says(case in case()) {
        prop_assert_eq!(rows_of(&case.usage()), expected_rows(&case));
    }
}
