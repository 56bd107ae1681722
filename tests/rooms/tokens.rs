//! Rust source as words with their lines; comments, texts and numbers left out.

/// A word or a sign of the source.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// A name, `::`, or one character.
    pub text: String,
    /// Counted from one.
    pub line: usize,
}

/// The tokens of `source`, without those of what only tests see.
pub fn tokens(source: &str) -> Vec<Token> {
    without_tests(words(source))
}

fn words(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let at = |i: usize| chars.get(i).copied().unwrap_or('\0');
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut tokens = Vec::new();
    let (mut i, mut line) = (0, 1);
    while i < chars.len() {
        let start = i;
        let mut text = None;
        match at(i) {
            '/' if at(i + 1) == '/' => {
                while i < chars.len() && at(i) != '\n' {
                    i += 1;
                }
            }
            '/' if at(i + 1) == '*' => i = after_comment(&chars, i),
            '"' => i = after_text(&chars, i),
            'r' if raw_hashes(&chars, i + 1).is_some() => i = after_raw(&chars, i + 1),
            'b' | 'c' if at(i + 1) == 'r' && raw_hashes(&chars, i + 2).is_some() => {
                i = after_raw(&chars, i + 2);
            }
            '\'' => i = after_quote(&chars, i),
            c if is_word(c) => {
                while is_word(at(i)) {
                    i += 1;
                }
                text = Some(chars[start..i].iter().collect());
            }
            ':' if at(i + 1) == ':' => {
                i += 2;
                text = Some("::".to_owned());
            }
            c => {
                i += 1;
                text = (!c.is_whitespace()).then(|| c.to_string());
            }
        }
        tokens.extend(text.map(|text| Token { text, line }));
        line += chars[start..i].iter().filter(|&&c| c == '\n').count();
    }
    tokens
}

/// The place after a block comment, in which others may be.
fn after_comment(chars: &[char], start: usize) -> usize {
    let (mut i, mut depth) = (start + 2, 1);
    while depth > 0 && i < chars.len() {
        match (chars[i], chars.get(i + 1)) {
            ('/', Some('*')) => (i, depth) = (i + 2, depth + 1),
            ('*', Some('/')) => (i, depth) = (i + 2, depth - 1),
            _ => i += 1,
        }
    }
    i
}

fn after_text(chars: &[char], start: usize) -> usize {
    let mut i = start + 1;
    while i < chars.len() && chars[i] != '"' {
        i += if chars[i] == '\\' { 2 } else { 1 };
    }
    i + 1
}

/// How many `#` stand before the quote at which a raw text would begin.
fn raw_hashes(chars: &[char], start: usize) -> Option<usize> {
    let hashes = chars.iter().skip(start).take_while(|&&c| c == '#').count();
    (chars.get(start + hashes) == Some(&'"')).then_some(hashes)
}

fn after_raw(chars: &[char], start: usize) -> usize {
    let hashes = raw_hashes(chars, start).unwrap_or_default();
    let mut i = start + hashes + 1;
    let is_end = |i: usize| {
        let end = chars.get(i + 1..i + 1 + hashes);
        chars[i] == '"' && end.is_some_and(|end| end.iter().all(|&c| c == '#'))
    };
    while i < chars.len() && !is_end(i) {
        i += 1;
    }
    i + 1 + hashes
}

/// The place after a character, or after the quote of a lifetime.
fn after_quote(chars: &[char], start: usize) -> usize {
    match (chars.get(start + 1), chars.get(start + 2)) {
        (Some('\\'), _) => {
            let rest = chars.iter().skip(start + 3);
            start + 4 + rest.take_while(|&&c| c != '\'').count()
        }
        (Some(_), Some('\'')) => start + 3,
        _ => start + 1,
    }
}

/// Leaves out each item behind `#[cfg(test)]`.
fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut left = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let ahead = tokens[i..].iter().map(|token| token.text.as_str());
        if ahead.take(CFG_TEST.len()).eq(CFG_TEST) {
            i = after_item(&tokens, i + CFG_TEST.len());
        } else {
            left.push(tokens[i].clone());
            i += 1;
        }
    }
    left
}

/// The place after the item that begins at `start`: behind its `;` or its closing brace.
fn after_item(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0;
    let mut is_use = false;
    for (i, token) in tokens.iter().enumerate().skip(start) {
        match token.text.as_str() {
            "use" if depth == 0 => is_use = true,
            "(" | "[" | "{" => depth += 1,
            ")" | "]" => depth -= 1,
            "}" => {
                depth -= 1;
                // Behind that of an import its `;` follows.
                if depth == 0 && !is_use {
                    return i + 1;
                }
            }
            ";" if depth == 0 => return i + 1,
            _ => {}
        }
    }
    tokens.len()
}

#[test]
fn comments_texts_and_tests_are_no_code() {
    let source = r##"
        // crate::a
        /* crate::b /* nested */ crate::c */
        const TEXT: &str = "crate::d \" crate::e";
        const RAW: &str = r#"crate::f " "#;
        fn life<'a>(quote: char) -> bool { quote == '"' || quote == '\'' }
        #[cfg(test)]
        use super::{g, h};
        #[cfg(test)]
        mod tests { fn i() {} }
        use crate::kept;
    "##;
    let all: Vec<String> = tokens(source).into_iter().map(|it| it.text).collect();
    let all = all.join(" ");
    assert!(all.ends_with("use crate :: kept ;"), "{all}");
    assert_eq!(all.matches("::").count(), 1, "{all}");
    assert!(all.contains("life < a >"), "{all}");
    assert!(!all.contains("super") && !all.contains("tests"), "{all}");
}
