//! The HTML part of a mail.

use std::fmt::Write;

use super::content::{Content, Section};

/// Renders the content as HTML. All text is escaped.
pub(super) fn html(content: &Content) -> String {
    let mut html = String::from(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"></head>\n<body style=\"font-family:sans-serif\">\n",
    );
    // Writing to a string cannot fail.
    let _ = writeln!(html, "<h3>{}</h3>", escaped(&content.subject));
    for section in &content.sections {
        write_section(&mut html, section);
    }
    html.push_str("</body></html>\n");
    html
}

fn write_section(html: &mut String, section: &Section) {
    const LINE: &str = "<p style=\"margin:0;white-space:pre-wrap\">";
    let border = section.color.map_or(String::new(), |color| {
        format!("border-left:4px solid {color};padding-left:8px;")
    });
    let _ = writeln!(html, "<div style=\"{border}margin-bottom:16px\">");
    if !section.head.is_empty() {
        let _ = writeln!(html, "{LINE}<b>{}</b></p>", escaped(&section.head));
    }
    for line in &section.lines {
        let _ = writeln!(html, "{LINE}{}</p>", escaped(line));
    }
    if let Some(link) = &section.link {
        let link = escaped(link);
        let _ = writeln!(html, "{LINE}<a href=\"{link}\">{link}</a></p>");
    }
    html.push_str("</div>\n");
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_escaped_also_in_a_link() {
        let section = |color| Section {
            head: "<head>".to_owned(),
            lines: vec!["a & b".to_owned(), "\"'".to_owned()],
            color,
            link: Some("https://x/?a=1&b=\"><script>".to_owned()),
        };
        let html = html(&Content {
            subject: "</h3>".to_owned(),
            sections: vec![section(Some("#c0392b")), section(None)],
        });
        assert!(html.contains("<h3>&lt;/h3&gt;</h3>"), "{html}");
        assert_eq!(html.matches("<b>&lt;head&gt;</b>").count(), 2, "{html}");
        assert_eq!(html.matches(">a &amp; b</p>").count(), 2, "{html}");
        assert_eq!(html.matches(">&quot;&#39;</p>").count(), 2, "{html}");
        let link = "https://x/?a=1&amp;b=&quot;&gt;&lt;script&gt;";
        let link = format!("<a href=\"{link}\">{link}</a>");
        assert_eq!(html.matches(&link).count(), 2, "{html}");
        assert_eq!(html.matches("border-left").count(), 1, "{html}");
    }
}
