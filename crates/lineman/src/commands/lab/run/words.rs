//! A command as one string, split as a shell would split it, without anything else that a shell does.

/// Its words; `None` if a quote is not closed.
pub fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        match (sign, quote) {
            (sign, Some(open)) if sign == open => quote = None,
            ('\\', None | Some('"')) => {
                let next = signs.next()?;
                let word = word.get_or_insert_default();
                // In double quotes it only escapes what means something there.
                if quote.is_some() && !matches!(next, '"' | '\\' | '$' | '`') {
                    word.push('\\');
                }
                word.push(next);
            }
            ('"' | '\'', None) => {
                quote = Some(sign);
                word.get_or_insert_default();
            }
            (sign, None) if sign.is_whitespace() => words.extend(word.take()),
            (sign, _) => word.get_or_insert_default().push(sign),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn words_as_in_a_shell() {
        let words = |text| split(text).unwrap_or_else(|| vec!["?".to_owned()]);
        assert_eq!(words("nc -l  -p 9000 "), ["nc", "-l", "-p", "9000"]);
        assert_eq!(words("a 'b c' d\"e f\"g"), ["a", "b c", "de fg"]);
        assert_eq!(words(r#"a\ b '\n' "\n\"\\""#), ["a b", "\\n", "\\n\"\\"]);
        assert_eq!(words("'' \"\""), ["", ""]);
        assert_eq!(words(""), [""; 0]);
        assert_eq!(
            words("sh -c 'echo \"你好\"'"),
            ["sh", "-c", "echo \"你好\""]
        );
        for wrong in ["'", "\"a", "a'b", "a\\"] {
            assert_eq!(split(wrong), None, "{wrong}");
        }
    }
}
