//! Country codes. Rule: spec/data-model.md §1.

/// Officially assigned codes of ISO 3166-1 alpha-2.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI \
    BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY \
    CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN \
    GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH \
    KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO \
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL \
    PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN \
    VU WF WS YE YT ZA ZM ZW";
/// Codes that ISO 3166-1 has withdrawn (ISO 3166-3). Old addresses may have them.
const WITHDRAWN: &str = "AN BU CS CT DD DY FQ FX HV JT MI NH NQ NT PC PU PZ RH SU TP VD WK YD YU \
    ZR";
/// A code outside the standard: banks, shops and the European Union use it for Kosovo.
const USER_ASSIGNED: &str = "XK";
/// Common wrong codes, each with the code that is meant.
const COMMON_MISTAKES: &[(&str, &str)] =
    &[("UK", "GB"), ("EL", "GR"), ("EN", "GB"), ("GBR", "GB"), ("USA", "US"), ("IRL", "IE")];

/// Returns true if `code` is an upper-case country code, assigned or withdrawn.
pub(crate) fn is_country(code: &str) -> bool {
    code.len() == 2
        && [ASSIGNED, WITHDRAWN, USER_ASSIGNED]
            .iter()
            .any(|codes| codes.as_bytes().chunks(3).any(|known| known[..2] == *code.as_bytes()))
}

/// Returns the code that is probably meant by `given`, which is not a code itself.
pub(crate) fn suggest_country(given: &str) -> Option<String> {
    let upper = given.trim().to_ascii_uppercase();
    let (_, code) = COMMON_MISTAKES.iter().find(|(word, _)| *word == upper).unwrap_or(&("", ""));
    if is_country(&upper) { Some(upper) } else { (!code.is_empty()).then(|| (*code).to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_hold_two_letters_each_in_order_and_none_twice() {
        for (codes, count) in [(ASSIGNED, 249), (WITHDRAWN, 25), (USER_ASSIGNED, 1)] {
            let codes: Vec<_> = codes.split(' ').collect();
            assert_eq!(codes.len(), count);
            assert!(codes.is_sorted_by(|a, b| a < b));
            assert!(codes.iter().all(|code| is_country(code)));
        }
        assert!(!WITHDRAWN.split(' ').any(|code| ASSIGNED.contains(code)));
    }

    #[test]
    fn what_was_meant_is_told() {
        for (given, expected) in [
            ("UK", Some("GB")),
            ("uk", Some("GB")),
            ("gb", Some("GB")),
            ("USA", Some("US")),
            (" DE", Some("DE")),
            ("ZZ", None),
            ("XX", None),
            ("Germany", None),
            ("", None),
        ] {
            assert!(!is_country(given), "{given}");
            assert_eq!(suggest_country(given).as_deref(), expected, "{given}");
        }
    }
}
