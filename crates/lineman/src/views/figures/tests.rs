//! Figures of every log, as lines and as a picture.

use super::Figures;
use super::Kind;
use super::lines::Look;
use crate::lang::Lang;
use crate::views::logs;
use crate::views::text::width;

fn look(columns: usize) -> Look {
    Look {
        columns,
        lang: Lang::En,
        ascii: false,
    }
}

#[test]
fn figures_at_80_columns() {
    let text = |name: &str, lang| {
        let look = Look { lang, ..look(80) };
        Figures::of(&logs::events(name)).lines(look).join("\n")
    };
    insta::assert_snapshot!("figures-chat-en", text("chat", Lang::En));
    insta::assert_snapshot!("figures-window-zh", text("window", Lang::Zh));
    insta::assert_snapshot!("figures-udp-en", text("udp", Lang::En));
}

#[test]
fn lines_fit_on_any_terminal() {
    for name in logs::LOGS {
        let figures = Figures::of(&logs::events(name));
        for columns in [10, 24, 40, 80, 120, 300] {
            for lang in [Lang::En, Lang::Zh] {
                for ascii in [false, true] {
                    let look = Look {
                        columns,
                        lang,
                        ascii,
                    };
                    for line in figures.lines(look) {
                        let is_sentence = !line.starts_with("  ");
                        assert!(
                            is_sentence || width(&line) <= columns,
                            "{name} at {columns}: {line:?}"
                        );
                        assert!(lang == Lang::Zh || !ascii || line.is_ascii(), "{line:?}");
                    }
                }
            }
        }
    }
}

/// However long a log is, what is kept of it is not; and what is kept goes as far as what there was.
#[test]
fn a_long_log_takes_bounded_memory_and_keeps_its_extremes() {
    let mut line = super::thinned::Thinned::default();
    for t_ns in 0..100_000_u64 {
        let value = Some(if t_ns == 54_321 { 9999 } else { t_ns % 10 });
        line.push(super::Value {
            t_ns,
            least: value,
            most: value,
            last: value,
        });
    }
    let all = line.all();
    assert!(all.len() <= 4096, "{}", all.len());
    assert_eq!(all.iter().filter_map(|it| it.most).max(), Some(9999));
    assert_eq!(all.last().and_then(|it| it.last), Some(9));
    assert!(all.is_sorted_by_key(|it| it.t_ns));
}

/// What one event after the other tells is what the whole log tells, but for the spans of goodput.
#[test]
fn a_log_that_grows_tells_the_same() {
    let events = logs::events("window");
    let whole = Figures::of(&events);
    let mut grown = Figures::default();
    events.iter().for_each(|event| grown.push(event));
    grown.finish();
    for ((one, _), (other, _)) in whole.connections().zip(grown.connections()) {
        for (one, other) in one.iter().zip(other) {
            assert_eq!(one.segments.all(), other.segments.all());
            for kind in [Kind::InFlight, Kind::Window, Kind::RoundTrip] {
                assert_eq!(one.values(kind), other.values(kind), "{kind:?}");
            }
        }
    }
    assert!(whole.connections().count() > 0);
}
