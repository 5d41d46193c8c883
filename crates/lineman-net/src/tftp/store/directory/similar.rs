//! How alike two names are.

/// How many letters a name may differ in from the one that was asked for and still be near it: one in
/// four. A name of two letters is near itself only.
pub(super) fn nearness(asked: &[char]) -> usize {
    (asked.len().div_ceil(4)).min(MOST).min(asked.len() / 3)
}

/// Edits (a letter more, less, another one, two neighbours exchanged) that make one name of the other,
/// or `None` if there are more than `most`. Takes time by the length of the names times `most`.
pub(super) fn distance(one: &[char], other: &[char], most: usize) -> Option<usize> {
    if one.len().abs_diff(other.len()) > most {
        return None;
    }
    let far = most + 1;
    let (mut before, mut last, mut row) = (
        vec![far; other.len() + 1],
        (0..=other.len()).map(|at| at.min(far)).collect::<Vec<_>>(),
        vec![far; other.len() + 1],
    );
    for (i, &letter) in (1_usize..).zip(one) {
        // What is farther from the diagonal costs more than may be spent.
        let (from, to) = (i.saturating_sub(most).max(1), (i + most).min(other.len()));
        row[from - 1] = if from == 1 { i.min(far) } else { far };
        let mut least = row[from - 1];
        for j in from..=to {
            let changed = last[j - 1] + usize::from(letter != other[j - 1]);
            let mut cost = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && letter == other[j - 2] && one[i - 2] == other[j - 1] {
                cost = cost.min(before[j - 2] + 1);
            }
            row[j] = cost.min(far);
            least = least.min(row[j]);
        }
        if to < other.len() {
            row[to + 1] = far;
        }
        if least >= far {
            return None;
        }
        std::mem::swap(&mut before, &mut last);
        std::mem::swap(&mut last, &mut row);
    }
    Some(last[other.len()]).filter(|edits| *edits <= most)
}

/// However long the names: more than this is no slip of the finger.
const MOST: usize = 4;

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::time::Instant;

    use super::*;

    fn chars(text: &str) -> Vec<char> {
        text.chars().collect()
    }

    #[test]
    fn the_edits_are_those_that_a_table_of_all_of_them_gives() {
        let words = [
            "",
            "a",
            "ab",
            "ba",
            "abc",
            "acb",
            "pxelinux.0",
            "pxelinx.0",
            "pxeilnux.0",
            "kernel",
            "kerenl",
            "vmlinuz",
            "five.bin",
            "nope.bin",
            "aaaaaaaaaa",
            "abababab",
            "babababa",
        ];
        for one in words {
            for other in words {
                let true_one = strsim::osa_distance(one, other);
                for most in 0..6 {
                    assert_eq!(
                        distance(&chars(one), &chars(other), most),
                        Some(true_one).filter(|edits| *edits <= most),
                        "{one} {other} {most}"
                    );
                }
            }
        }
    }

    #[test]
    fn near_is_a_slip_of_the_finger_and_not_another_word() {
        let near = |asked: &str, name: &str| {
            distance(&chars(asked), &chars(name), nearness(&chars(asked))).is_some()
        };
        for (asked, name) in [
            ("pxelinx.0", "pxelinux.0"),
            ("fiel", "file"),
            ("vmlinux", "vmlinuz"),
            ("grub.cgf", "grub.cfg"),
        ] {
            assert!(near(asked, name), "{asked} {name}");
        }
        for (asked, name) in [
            ("nope.bin", "five.bin"),
            ("a", "b"),
            ("no", "on"),
            ("kernel", "initrd"),
        ] {
            assert!(!near(asked, name), "{asked} {name}");
        }
    }

    /// One datagram with a name of 250 letters among 10,000 long ones cost 3.7 s.
    #[test]
    fn long_names_take_no_time() {
        let asked: Vec<char> = (0..250).map(|n| ['a', 'b', 'c'][n * n % 3]).collect();
        let begun = Instant::now();
        for nth in 0..10_000_usize {
            let name: Vec<char> = (0..250).map(|n| ['a', 'b', 'c'][n * nth % 3]).collect();
            std::hint::black_box(distance(&asked, &name, MOST));
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}, not optimised");
    }
}
