//! The words of sayings: what the story of a log says, in English and Chinese.
//!
//! A saying (`lineman_trace::story::Saying`) has an id and fields. Its row here has the same id, and in
//! each language a place for each of its fields: `{port}` is the field `port`. Besides,
//! `{peer}` is the other host than `who`, and `{gloss}` what the Chinese textbooks call the state `to`,
//! `{numbers}` the sequence numbers from `first` to `last`, or the one. The value's kind decides how it is shown: a host is named, bytes and times have their unit. A test holds the
//! table against the sayings.

mod calls;
mod pair;
mod states;
mod tcp;
mod tftp;
mod udp;
mod wire;

use std::collections::HashMap;
use std::sync::LazyLock;

use super::Lang;

/// The words of a saying, with places for its fields.
#[derive(Clone, Copy, Debug)]
pub struct Words {
    /// The id of the saying.
    pub id: &'static str,
    en: &'static str,
    zh: &'static str,
}

impl Words {
    /// The whole table.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        let areas = [
            tcp::WORDS,
            udp::WORDS,
            tftp::WORDS,
            wire::WORDS,
            pair::WORDS,
            states::WORDS,
            calls::WORDS,
        ];
        areas.into_iter().flatten()
    }

    /// The words of the saying with this id.
    pub fn of(id: &str) -> Option<&'static Self> {
        static BY_ID: LazyLock<HashMap<&str, &Words>> =
            LazyLock::new(|| Words::all().map(|words| (words.id, words)).collect());
        BY_ID.get(id).copied()
    }

    /// The sentence in `lang`, its places not filled.
    pub fn sentence(&self, lang: Lang) -> &'static str {
        match lang {
            Lang::En => self.en,
            Lang::Zh => self.zh,
        }
    }
}

/// Declares a part of the table: each row the id of a saying, the English and the Chinese words.
macro_rules! sayings {
    ($( $id:literal $en:literal $zh:literal )+) => {
        pub(super) const WORDS: &[super::Words] = &[
            $( super::Words { id: $id, en: $en, zh: $zh } ),+
        ];
    };
}
use sayings;

#[cfg(test)]
mod tests {
    use super::Lang;
    use super::Words;

    fn sentences(id: &str) -> [&'static str; 2] {
        let words = Words::of(id).expect("a saying");
        [Lang::En, Lang::Zh].map(|lang| words.sentence(lang))
    }

    /// "A recv() would return 0", of a reset behind a FIN: Linux gives what had arrived before, as behind any other.
    #[test]
    fn what_lies_unread_is_received_behind_a_reset_whatever_came_before_it() {
        for id in ["rst.noticed", "rst.noticed.after.fin"] {
            let [en, zh] = sentences(id);
            assert!(
                en.contains("recv() first returns data that had arrived before"),
                "{en}"
            );
            assert!(zh.contains("recv() 会先返回此前已到达的数据"), "{zh}");
        }
    }

    /// "Has called no bind()", of a program whose bind() had failed.
    #[test]
    fn a_bind_that_has_failed_was_called() {
        let [en, zh] = sentences("call.listen.port");
        assert!(!en.contains("called no bind()"), "{en}");
        assert!(!zh.contains("没有调用 bind()"), "{zh}");
    }

    /// "ICMP", of what an error of ICMPv6 says.
    #[test]
    fn what_an_icmp_error_says_leaves_open_of_which_it_is() {
        let errors = Words::all().filter(|words| words.id.starts_with("icmp."));
        for words in errors {
            for sentence in sentences(words.id) {
                assert!(!sentence.contains("ICMP"), "{sentence}");
            }
        }
    }
}
