//! Display names from dotted keys. Rule: spec/reports.md §3.

/// Words that are not simply capitalised: abbreviations, and corrections of misspelt keys.
const WORD_CORRECTIONS: [(&str, &str); 5] = [
    ("id", "ID"),
    ("url", "URL"),
    ("ocurred", "Occurred"),
    ("referrering", "Referring"),
    ("staturday", "Saturday"),
];

/// Returns the display name of a key: `customer.venue.id` becomes `Customer Venue ID`.
pub(crate) fn display_name_of_key(key: &str) -> String {
    let words = key.split(['.', '_']).map(|word| {
        match WORD_CORRECTIONS.iter().find(|(written, _)| *written == word) {
            Some((_, shown)) => (*shown).to_owned(),
            None => capitalised(word),
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::display_name_of_key;

    #[test]
    fn labels_capitalise_words_and_mend_misspellings() {
        for (key, expected) in [
            ("customer.id", "Customer ID"),
            ("created_at", "Created At"),
            ("checkin.ocurred_at", "Checkin Occurred At"),
            ("thumbnail_url", "Thumbnail URL"),
            ("customer.venue.name", "Customer Venue Name"),
        ] {
            assert_eq!(display_name_of_key(key), expected);
        }
    }
}
