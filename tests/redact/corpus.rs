//! Real-looking texts with and without a secret.

use tower_vitals::redact::redact;

const HARMLESS: &str = include_str!("harmless.txt");
const SECRET: &str = include_str!("secret.txt");

/// The texts of a corpus, whose comments say how it is written.
fn texts(corpus: &str) -> Vec<String> {
    let lines = corpus.lines();
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("# "));
    lines.map(unescape).collect()
}

fn unescape(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.push(match chars.next().expect("an escape") {
                'n' => '\n',
                't' => '\t',
                '\\' => '\\',
                other => panic!("unknown escape \\{other} in {line}"),
            }),
            '·' => {}
            c => text.push(c),
        }
    }
    text
}

/// The text without the brackets around its secrets, and the secrets.
fn parts(marked: &str) -> (String, Vec<&str>) {
    let secrets = marked.split('⟦').skip(1);
    let secrets = secrets.map(|rest| rest.split_once('⟧').expect("a closing bracket").0);
    (marked.replace(['⟦', '⟧'], ""), secrets.collect())
}

/// Whether the first or the second half of the secret is shown.
fn shows_a_half(shown: &str, secret: &str) -> bool {
    let secret: Vec<char> = secret.chars().collect();
    let half = secret.len().min(4).max(secret.len() / 2);
    let halves = [&secret[..half], &secret[secret.len() - half..]];
    halves
        .into_iter()
        .any(|half| shown.contains(&half.iter().collect::<String>()))
}

#[test]
fn texts_without_a_secret_stay() {
    let texts = texts(HARMLESS);
    let changed: Vec<_> = texts.iter().filter(|text| redact(text) != **text).collect();
    println!(
        "{} of {} texts without a secret are changed",
        changed.len(),
        texts.len()
    );
    assert!(texts.len() >= 150);
    assert!(changed.len() * 100 <= texts.len() * 3, "{changed:#?}");
}

#[test]
fn no_secret_of_a_text_is_shown() {
    let texts = texts(SECRET);
    let mut leaks = Vec::new();
    for marked in &texts {
        let (text, secrets) = parts(marked);
        assert!(!secrets.is_empty(), "no secret is marked in {marked}");
        let shown = redact(&text);
        if secrets.iter().any(|secret| shows_a_half(&shown, secret)) {
            leaks.push((text.clone(), shown.into_owned()));
        }
    }
    println!(
        "{} of {} texts with a secret show it",
        leaks.len(),
        texts.len()
    );
    assert!(texts.len() >= 300);
    assert!(leaks.is_empty(), "{leaks:#?}");
}

/// Texts with secrets in them, which are shown in Debug output, JSON and URLs.
#[test]
fn no_secret_is_shown_if_its_text_is_escaped_or_encoded() {
    for marked in texts(SECRET) {
        let (text, secrets) = parts(&marked);
        for text in [
            format!("{text:?}"),
            serde_json::json!({ "error": text }).to_string(),
        ] {
            let shown = redact(&text);
            for secret in &secrets {
                assert!(!shown.contains(secret), "{text}\n{shown}");
            }
        }
    }
}
