//! The edge of a cloud of points: below it there are none. What a packet takes is at least what the way takes, so the
//! lowest of many differences of two clocks is that, and what more there is has waited in queues (Moon, Skelly, Towsley 1999).

/// A difference of two clocks: when, in nanoseconds, and how much, in nanoseconds.
pub(super) type Dot = (f64, f64);

/// The lower edge of dots, from left to right.
pub(super) fn lower(dots: &[Dot]) -> Vec<Dot> {
    let mut sorted = dots.to_vec();
    sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut edge: Vec<Dot> = Vec::new();
    for dot in sorted {
        while let [.., before, last] = edge[..]
            && turns_right(before, last, dot)
        {
            edge.pop();
        }
        edge.push(dot);
    }
    edge
}

/// Whether the way from `a` over `b` to `c` does not turn to the left: `b` is not on the lower edge.
fn turns_right(a: Dot, b: Dot, c: Dot) -> bool {
    (b.0 - a.0) * (c.1 - a.1) - (b.1 - a.1) * (c.0 - a.0) <= 0.0
}

/// How steep the highest line is that has all dots above it or on it, where it is measured in their middle.
pub(super) fn slope(dots: &[Dot]) -> Option<f64> {
    let edge = lower(dots);
    let middle = dots.iter().map(|dot| dot.0).sum::<f64>() / dots.len() as f64;
    let across = edge.windows(2).find(|pair| pair[1].0 >= middle)?;
    let (from, to) = (across[0], across[1]);
    let wide = to.0 - from.0;
    (wide > 0.0).then(|| (to.1 - from.1) / wide)
}

/// How high the line of this slope through the lowest dot is where the time is 0.
pub(super) fn base(dots: &[Dot], slope: f64) -> Option<f64> {
    let heights = dots.iter().map(|dot| dot.1 - slope * dot.0);
    heights.reduce(f64::min)
}

/// How far dots are above that line, as usual: half of them are nearer.
pub(super) fn spread(dots: &[Dot], slope: f64) -> f64 {
    let Some(base) = base(dots, slope) else {
        return 0.0;
    };
    let mut above: Vec<f64> = dots
        .iter()
        .map(|dot| dot.1 - slope * dot.0 - base)
        .collect();
    let middle = above.len() / 2;
    let (_, median, _) = above.select_nth_unstable_by(middle, f64::total_cmp);
    *median
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lower_edge_has_all_dots_above_it() {
        let dots: Vec<Dot> = (0..200)
            .map(|n| (f64::from(n), f64::from(n * 7919 % 97) + 0.5 * f64::from(n)))
            .collect();
        let edge = lower(&dots);
        for pair in edge.windows(2) {
            let steep = (pair[1].1 - pair[0].1) / (pair[1].0 - pair[0].0);
            for dot in dots
                .iter()
                .filter(|dot| dot.0 >= pair[0].0 && dot.0 <= pair[1].0)
            {
                assert!(dot.1 + 1e-9 >= pair[0].1 + steep * (dot.0 - pair[0].0));
            }
        }
        let slope = slope(&dots).expect("there are many");
        assert!((slope - 0.5).abs() < 0.02, "{slope}");
        assert!(base(&dots, 0.5).expect("a dot") < 1.0);
    }

    #[test]
    fn few_dots_have_no_slope_and_none_no_base() {
        assert_eq!(slope(&[]), None);
        assert_eq!(slope(&[(1.0, 2.0)]), None);
        assert_eq!(slope(&[(1.0, 2.0), (1.0, 3.0)]), None);
        assert_eq!(base(&[], 0.0), None);
    }
}
