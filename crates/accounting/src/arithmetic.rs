//! Exact integer arithmetic of the ledger. Results do not depend on the order of additions.
//! Rule: spec/accounting.md §1, §6.2.

/// Returns H(a × b / c), rounded half away from zero. Exact for products of any size; 0 if `c` is
/// 0.
pub fn mul_div_half_away(a: i128, b: i128, c: i128) -> i128 {
    if c == 0 {
        return 0;
    }
    let is_negative = (a < 0) ^ (b < 0) ^ (c < 0);
    let (quotient, remainder) = mul_div_rem(a.unsigned_abs(), b.unsigned_abs(), c.unsigned_abs());
    // remainder ≥ c − remainder is 2 × remainder ≥ c without overflow.
    let rounds_up = remainder >= c.unsigned_abs() - remainder;
    signed(quotient.saturating_add(u128::from(rounds_up)), is_negative)
}

/// Returns floor(a × b / c + 1/2), which rounds half up. 0 if `c` is 0.
fn mul_div_half_up(a: i128, b: i128, c: i128) -> i128 {
    if c == 0 {
        return 0;
    }
    let is_negative = (a < 0) ^ (b < 0) ^ (c < 0);
    let (quotient, remainder) = mul_div_rem(a.unsigned_abs(), b.unsigned_abs(), c.unsigned_abs());
    let rest = c.unsigned_abs() - remainder;
    let rounds_away = if is_negative { remainder > rest } else { remainder >= rest };
    signed(quotient.saturating_add(u128::from(rounds_away)), is_negative)
}

fn signed(magnitude: u128, is_negative: bool) -> i128 {
    let value = i128::try_from(magnitude).unwrap_or(i128::MAX);
    if is_negative { -value } else { value }
}

/// Returns the quotient and the remainder of a × b / c, with a product of up to 256 bits.
fn mul_div_rem(a: u128, b: u128, c: u128) -> (u128, u128) {
    if let Some(product) = a.checked_mul(b) {
        // Nearly all amounts fit 64 bits, where division is several times faster.
        return match (u64::try_from(product), u64::try_from(c)) {
            (Ok(product), Ok(c)) => (u128::from(product / c), u128::from(product % c)),
            _ => (product / c, product % c),
        };
    }
    let (mut high, mut low) = wide_product(a, b);
    let (mut quotient, mut remainder) = (0_u128, 0_u128);
    for _ in 0..256 {
        let carries = remainder >> 127 == 1;
        remainder = remainder << 1 | high >> 127;
        high = high << 1 | low >> 127;
        low <<= 1;
        let is_full = quotient >> 127 == 1;
        quotient <<= 1;
        if carries || remainder >= c {
            remainder = remainder.wrapping_sub(c);
            quotient |= 1;
        }
        if is_full {
            return (u128::MAX, 0);
        }
    }
    (quotient, remainder)
}

fn wide_product(a: u128, b: u128) -> (u128, u128) {
    const HALF: u128 = u64::MAX as u128;
    let (a_high, a_low, b_high, b_low) = (a >> 64, a & HALF, b >> 64, b & HALF);
    let low = a_low * b_low;
    let cross = a_high * b_low + (low >> 64);
    let middle = a_low * b_high + (cross & HALF);
    let high = a_high * b_high + (cross >> 64) + (middle >> 64);
    (high, middle << 64 | low & HALF)
}

/// Returns the value between 0 and `limit` that is nearest to `value`. `limit` may be negative.
pub fn clamp_towards(value: i128, limit: i128) -> i128 {
    value.clamp(limit.min(0), limit.max(0))
}

/// Splits `value` over `weights` by cumulative rounding. The shares always sum to `value`. No share
/// is greater than its weight if `value` is not greater than the sum of the weights.
///
/// If the weights sum to zero, all shares are 0. Rule: spec/accounting.md §6.2 no. 3.
pub fn split_by_weights(value: i128, weights: &[i128]) -> Vec<i128> {
    let sum: i128 = weights.iter().sum();
    let mut reached = 0;
    let mut given = 0;
    let cut = |weight: &i128| {
        reached += weight;
        let until = mul_div_half_up(value, reached, sum);
        let share = until - given;
        given = until;
        share
    };
    weights.iter().map(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_round_away_from_zero() {
        for (a, b, c, expected) in [
            (1, 1, 2, 1),
            (-1, 1, 2, -1),
            (1, 1, 3, 0),
            (2, 1, 3, 1),
            (5, 1, -2, -3),
            (7, 1, 0, 0),
            (120_000, 31, 365, 10_192),
            (i128::MAX, i128::MAX, i128::MAX, i128::MAX),
            (i128::MAX, 3, 4, 127_605_887_595_351_923_798_765_477_786_913_079_295),
            (1 << 100, 1 << 100, 1 << 101, 1 << 99),
        ] {
            assert_eq!(mul_div_half_away(a, b, c), expected, "{a} x {b} / {c}");
        }
    }

    #[test]
    fn a_quotient_past_the_range_saturates() {
        assert_eq!(mul_div_half_away(i128::MAX, i128::MAX, 1), i128::MAX);
        assert_eq!(mul_div_half_away(i128::MAX, -i128::MAX, 1), -i128::MAX);
    }

    #[test]
    fn shares_sum_to_the_whole() {
        for (value, weights, expected) in [
            (100, vec![1, 1, 1], vec![33, 34, 33]),
            (-100, vec![1, 1, 1], vec![-33, -34, -33]),
            (5800, vec![4000, 1000], vec![4640, 1160]),
            (5, vec![0, 0], vec![0, 0]),
            (50, vec![100, -50], vec![100, -50]),
        ] {
            assert_eq!(split_by_weights(value, &weights), expected, "{value} over {weights:?}");
        }
    }

    #[test]
    fn clamping_goes_towards_zero_of_either_sign() {
        for (value, limit, expected) in [(5, 3, 3), (-5, 3, 0), (-5, -3, -3), (5, -3, 0)] {
            assert_eq!(clamp_towards(value, limit), expected);
        }
    }
}
