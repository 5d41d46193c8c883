//! The page's own words: buttons, headings, hints. Sentences about packets come with the rows.

use serde_json::Map;
use serde_json::Value;

use crate::lang::Lang;
use crate::lang::learn_page;
use crate::lang::page::WORDS;

/// The page's words in a language, by the names that its script knows them by.
pub fn words(lang: Lang) -> Value {
    let words = WORDS.iter().chain(learn_page::WORDS).map(|(name, en, zh)| {
        let text = match lang {
            Lang::En => en,
            Lang::Zh => zh,
        };
        ((*name).to_owned(), Value::from(*text))
    });
    Value::Object(words.collect::<Map<_, _>>())
}
