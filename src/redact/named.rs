//! `Named`: a name, and the value that belongs to it.

use super::bytes::{Span, at, find, is_quote, is_word, line_end, run_end, skip, skip_at_most};
use super::judge::{is_secret_content, is_secret_run, is_secret_sentence, is_secret_structure};
use super::looks::{MAX_LOOK, is_in_capitals, is_prose, is_state, looks_like_a_key, looks_secret};
use super::name::Kind;
use super::value::{
    Context, closing_bracket, closing_quote, ends_value, header_end, opening_bracket,
    opening_quote, starts_parameter,
};

/// A name, and what is between it and its value.
pub(super) struct Named {
    pub(super) kind: Kind,
    pub(super) name: Span,
    pub(super) sign: Sign,
    /// Whether the name ends with a quote.
    pub(super) is_quoted: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// `name=value`.
    Equals,
    /// `name = value`, where the value may hold spaces.
    SpacedEquals,
    /// `name:value`, or the name is quoted.
    Colon,
    /// `name: value`, which may be prose.
    Sentence,
    /// `("name", value)`, `name(value)`, `name { value }`, `name value` after dashes or a tab.
    Structure,
    /// `name 'value'`.
    Space,
}

impl Named {
    /// The value after a sign, or after the space in place of one.
    pub(super) fn value_after(&self, text: &[u8], closed: usize, sign: usize) -> Option<Span> {
        let start = self.name.0;
        let is_spaced = sign > closed;
        let has_tab = text[closed..sign].contains(&b'\t');
        let is_option = text[start..].starts_with(b"--");
        let next = at(text, sign + 1);
        match at(text, sign) {
            b'=' => {
                let value = skip_at_most(text, sign, 3, |byte| b"=>~".contains(&byte));
                let is_spaced = is_spaced && at(text, value) == b' ';
                if is_spaced && value > sign + 1 && is_operand(text, value + 1) {
                    return None;
                }
                let sign = if is_spaced {
                    Sign::SpacedEquals
                } else {
                    Sign::Equals
                };
                self.with(sign).value(text, value)
            }
            b':' if next == b'=' => self.with(Sign::SpacedEquals).value(text, sign + 2),
            b':' if text[sign..].starts_with(b"::=") => {
                self.with(Sign::SpacedEquals).value(text, sign + 3)
            }
            // A path in Rust (`token::Kind`) has no value.
            b':' if next == b':' => None,
            b':' => {
                let is_word = next == b' ' && at(text, sign + 2).is_ascii_alphabetic();
                let is_prose = is_word || !self.is_quoted && next.is_ascii_whitespace();
                let kind = if is_prose {
                    Sign::Sentence
                } else {
                    Sign::Colon
                };
                self.with(kind).value(text, sign + 1)
            }
            b'-' if next == b'>' => self.with(Sign::SpacedEquals).value(text, sign + 2),
            b'!' | b'+' | b'?' if next == b'=' => {
                self.with(Sign::SpacedEquals).value(text, sign + 2)
            }
            b'%' => self.encoded(text, sign),
            b',' if self.is_quoted && is_first(text, start) => {
                // `set("my_key", 42)`.
                let value = skip(text, sign + 1, |byte| byte.is_ascii_whitespace());
                let is_value = self.kind != Kind::Key || opening_quote(text, value).is_some();
                is_value.then(|| self.value(text, sign + 1)).flatten()
            }
            // A verb: "pass `x`", "pass (#1)".
            b'(' | b'`' | b'"' | b'\''
                if text[start..self.name.1].eq_ignore_ascii_case(b"pass") =>
            {
                None
            }
            b'(' if !is_spaced
                || self.kind == Kind::Password && opening_quote(text, sign + 1).is_some() =>
            {
                self.tuple(text, sign)
            }
            b'{' if !self.is_quoted => self.tuple(text, sign),
            b'\n' | b'\r' if !is_spaced => self.with(Sign::Space).next_line(text, closed),
            b'i' if text[sign..].starts_with(b"is ") => {
                self.with(Sign::Space).value(text, sign + 3)
            }
            b'w' if text[sign..].starts_with(b"was ") => {
                self.with(Sign::Space).value(text, sign + 4)
            }
            b',' | b';' | b')' | b'>' | b'/' | b'\n' | b'\r' => None,
            b'-' if is_option => None,
            _ if is_option && is_spaced => (!is_prose(text, sign))
                .then(|| self.value(text, sign))
                .flatten(),
            _ if has_tab && (start == 0 || text[start - 1] != b'\t') => self.value(text, sign),
            _ if is_spaced && !self.is_quoted && !b"([{|$<".contains(&at(text, sign)) => {
                self.with(Sign::Space).value(text, sign)
            }
            _ => None,
        }
    }

    fn with(&self, sign: Sign) -> Self {
        Self { sign, ..*self }
    }

    /// The value after a percent-encoded `=` or `:`.
    fn encoded(&self, text: &[u8], sign: usize) -> Option<Span> {
        let value = skip_encoded(text, sign)?;
        let end = run_end(text, value);
        let end = skip(&text[..end], value, |byte| {
            !(is_quote(byte) || byte == b'&')
        });
        let look = &text[value..end.min(value + MAX_LOOK)];
        is_secret_run(self.kind, look, true).then_some((value, end))
    }
}

/// Whether the other side of a comparison is a variable: `if password == confirmation {`.
fn is_operand(text: &[u8], start: usize) -> bool {
    let look = &text[..text.len().min(start + MAX_LOOK)];
    let operand = &text[start..run_end(look, start)];
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || b"_.()".contains(byte);
    !operand.is_empty() && operand.iter().all(is_part)
}

/// Skips a percent-encoded `=` or `:`.
fn skip_encoded(text: &[u8], start: usize) -> Option<usize> {
    let code = text.get(start + 1..start + 3)?;
    [b"3D", b"3d", b"3A", b"3a"]
        .iter()
        .any(|it| *it == code)
        .then_some(start + 3)
}

/// Whether the quoted name is the first of its list or tuple, or an option of a command.
fn is_first(text: &[u8], name: usize) -> bool {
    let before = text[name.saturating_sub(64)..name].trim_ascii_end();
    let quoted = before.strip_suffix(b"\"").or(before.strip_suffix(b"'"));
    let before = quoted.map_or(before, <[u8]>::trim_ascii_end);
    text[name] == b'-' || before.last().is_some_and(|byte| b"([".contains(byte))
}

impl Named {
    /// The span of the value, which starts after white space.
    pub(super) fn value(&self, text: &[u8], after: usize) -> Option<Span> {
        let mut start = skip(text, after, |byte| byte == b' ' || byte == b'\t');
        // YAML: `!!str hunter2`.
        if let Some(tag) = [&b"!!str "[..], b"!!binary "]
            .into_iter()
            .find(|tag| text[start..].starts_with(tag))
        {
            start = skip(text, start + tag.len(), |byte| byte == b' ');
        } else if text[start..].starts_with(b"string(") {
            // PHP: `string(7) "hunter2"`.
            start = skip_at_most(text, start + 7, 24, |byte| b"0123456789) ".contains(&byte));
        }
        if matches!(at(text, start), b'\n' | b'\r') {
            return self.next_line(text, start);
        }
        self.value_at(text, start)
    }

    fn value_at(&self, text: &[u8], start: usize) -> Option<Span> {
        if let Some(opening) = opening_quote(text, start) {
            let look = &text[..text.len().min(opening.content + MAX_LOOK)];
            let end = closing_quote(look, opening).0;
            let content = &text[opening.content.min(end)..end];
            return self.is_secret_quoted(text, content).then(|| {
                (
                    start,
                    Self::end_of_quoted(text, closing_quote(text, opening).1),
                )
            });
        }
        let context = Context::of(text, self.name.0);
        if let Some(open) = opening_bracket(text, start) {
            let look = &text[..text.len().min(open + MAX_LOOK)];
            let inner = &text[open + 1..closing_bracket(look, open).max(open + 1)];
            if inner.starts_with(b"{") && find(look, open, b"}}").is_some() {
                return None;
            }
            if is_secret_structure(self.kind, at(text, open), inner) {
                let closed = closing_bracket(text, open);
                let end = if text[start].is_ascii_lowercase() {
                    // No type of Rust, so the brackets may be a part of the value.
                    context.run_end(text, closed)
                } else {
                    Self::end_of_quoted(text, closed)
                };
                // ODBC doubles a closing brace: `Pwd={a}}b};`.
                let is_braced = context.has_semicolons() && at(text, open) == b'{';
                let rest = is_braced.then(|| context.semicolon_end(text, end.min(text.len())));
                return Some((start, rest.unwrap_or(end)));
            }
            let is_value = matches!(self.sign, Sign::Equals | Sign::Colon)
                && !matches!(self.kind, Kind::Token | Kind::Key)
                || !ends_value(at(text, closing_bracket(look, open)));
            if !is_value || is_state(&text[start..run_end(look, start)]) {
                return None;
            }
        }
        let look = &text[..text.len().min(start + MAX_LOOK)];
        let run = &text[start..context.run_end(look, start)];
        if run.is_empty() || run[0] == b';' && context.has_semicolons() {
            return None;
        }
        if let [b'|' | b'>', rest @ ..] = run
            && rest.iter().all(|byte| b"-+0123456789".contains(byte))
        {
            return Self::block(text, start + run.len());
        }
        let is_secret = match self.sign {
            // `$PASSWORD user=app`.
            Sign::Space if run.iter().any(|byte| b"=(".contains(byte)) => false,
            Sign::Sentence => {
                is_secret_sentence(self.kind, &text[self.name.0..self.name.1], text, start, run)
            }
            Sign::Space if self.kind == Kind::Password => looks_secret(run),
            Sign::Space => looks_like_a_key(run),
            _ if self.kind == Kind::Header => is_secret_sentence(self.kind, b"", text, start, run),
            _ => is_secret_run(self.kind, run, context.is_query) && !self.is_json_state(run),
        };
        is_secret.then(|| (start, self.end(text, start, context)))
    }

    fn is_secret_quoted(&self, text: &[u8], content: &[u8]) -> bool {
        let before = text[..self.name.0].trim_ascii_end();
        let word = before
            .iter()
            .rev()
            .take_while(|byte| is_word(**byte))
            .count()
            .min(16);
        let word = &before[before.len() - word..];
        // `unexpected token: "x"`.
        let is_parsed = self.kind == Kind::Token
            && [
                &b"unexpected"[..],
                b"invalid",
                b"expected",
                b"unknown",
                b"Unexpected",
                b"Invalid",
            ]
            .contains(&word);
        match self.sign {
            _ if is_parsed => looks_like_a_key(content),
            Sign::Space if self.kind != Kind::Password => looks_like_a_key(content),
            _ => is_secret_content(self.kind, content),
        }
    }

    /// A number or a keyword of JSON ends at a comma or a bracket.
    fn is_json_state(&self, run: &[u8]) -> bool {
        let end = skip(run, 0, |byte| is_word(byte) || byte == b'.');
        self.is_quoted
            && end < run.len()
            && b",]}".contains(&run[end])
            && !is_secret_run(self.kind, &run[..end], false)
    }

    /// A value that goes on after its closing quote or bracket ends at white space.
    fn end_of_quoted(text: &[u8], end: usize) -> usize {
        // `a(b)&c` is one value, and `"a"&user=` is two parameters.
        let goes_on = b"&.!?/<|+:".contains(&at(text, end))
            && is_word(at(text, end + 1))
            && !starts_parameter(text, end + 1);
        if ends_value(at(text, end)) && !goes_on {
            end
        } else {
            run_end(text, end)
        }
    }

    fn end(&self, text: &[u8], start: usize, context: Context<'_>) -> usize {
        let digits = skip(text, start, |byte| byte.is_ascii_digit());
        let is_json_number = self.is_quoted && digits > start && b",]}".contains(&at(text, digits));
        match self.sign {
            Sign::Colon if is_json_number => digits,
            _ if context.is_query => context.run_end(text, start),
            _ if self.kind == Kind::Header => header_end(text, self.name.0, start),
            Sign::Equals | Sign::Colon if context.has_semicolons() => {
                context.semicolon_end(text, start)
            }
            Sign::Sentence | Sign::SpacedEquals if self.kind == Kind::Password => {
                context.line_end(text, start)
            }
            _ => context.run_end(text, start),
        }
    }

    /// The value between the brackets of `Password("..")` or `Password { inner: ".." }`.
    fn tuple(&self, text: &[u8], open: usize) -> Option<Span> {
        let look = &text[..text.len().min(open + MAX_LOOK)];
        let content = &text[open + 1..closing_bracket(look, open).max(open + 1)];
        let start = skip(text, open + 1, |byte| byte.is_ascii_whitespace());
        let has_text = content.iter().any(|byte| is_quote(*byte))
            || at(text, open) == b'(' && content.contains(&b'[');
        if !(has_text && is_secret_structure(self.kind, at(text, open), content)) {
            return None;
        }
        let end = closing_bracket(text, open);
        let inner = text[..end].trim_ascii_end();
        let inner = inner
            .strip_suffix(b")")
            .or(inner.strip_suffix(b"}"))
            .unwrap_or(inner);
        let end = inner.trim_ascii_end().len();
        (end > start).then_some((start, end))
    }

    /// The value on the line after the name, unless that line is another parameter or a sentence.
    fn next_line(&self, text: &[u8], end: usize) -> Option<Span> {
        let start = skip(text, end, |byte| byte.is_ascii_whitespace());
        if opening_quote(text, start).is_some()
            || opening_bracket(text, start)
                .is_some_and(|open| open == start || !starts_parameter(text, start))
        {
            let is_alone = self.sign != Sign::Space;
            return is_alone.then(|| self.value_at(text, start)).flatten();
        }
        let look = &text[..text.len().min(start + MAX_LOOK)];
        let run = &text[start..run_end(look, start)];
        let is_single = line_end(look, start) == start + run.len();
        let name_line = text[..self.name.0]
            .iter()
            .rev()
            .take_while(|byte| **byte != b'\n')
            .take(64);
        let is_alone =
            self.sign != Sign::Space || name_line.copied().all(|byte| byte.is_ascii_whitespace());
        let is_secret = match self.kind {
            Kind::Password | Kind::Secret | Kind::Header if self.sign != Sign::Space => {
                is_secret_run(self.kind, run, false)
            }
            _ => looks_secret(run) || is_in_capitals(run),
        };
        let is_header = self.kind == Kind::Header && !starts_parameter(text, start);
        if is_header
            && self.sign != Sign::Space
            && is_secret_sentence(self.kind, b"", text, start, run)
        {
            return Some((start, line_end(text, start)));
        }
        (is_single
            && is_alone
            && is_secret
            && !starts_parameter(text, start)
            && !run.ends_with(b":"))
        .then(|| (start, run_end(text, start)))
    }

    /// A block of YAML: the lines that are indented.
    fn block(text: &[u8], end: usize) -> Option<Span> {
        let start = skip(text, end, |byte| byte.is_ascii_whitespace());
        let mut end = line_end(text, start);
        loop {
            let next = skip_at_most(text, end, 2, |byte| b"\r\n".contains(&byte));
            if next == end || !b" \t".contains(&at(text, next)) {
                break;
            }
            end = line_end(text, next);
        }
        (start < end).then_some((start, end))
    }
}
