//! The API reference as an HTML page, rendered from the OpenAPI document: one page without scripts
//! or assets.

use std::fmt::Write;

use serde_json::Value;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #0a6; }
* { box-sizing: border-box; }
body { font: 16px/1.55 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 2rem 1rem 6rem; }
h1 { margin: 0 0 .25rem; } h2 { margin: 3rem 0 1rem; border-bottom: 1px solid var(--line); }
code, pre, td:first-child { font-family: ui-monospace, monospace; font-size: .875em; }
pre { background: var(--soft); border-radius: 6px; overflow-x: auto; padding: .75rem 1rem; }
code { background: var(--soft); border-radius: 4px; padding: .1em .3em; } pre code { background: none; padding: 0; }
nav ul { columns: 20rem; padding-left: 1.2rem; } a { color: var(--accent); }
details { border: 1px solid var(--line); border-radius: 8px; margin: .5rem 0; padding: .5rem 1rem; }
summary { cursor: pointer; overflow-wrap: anywhere; } summary b { color: var(--accent); margin-right: .5em; }
table { border-collapse: collapse; display: block; overflow-x: auto; width: 100%; }
td, th { border-top: 1px solid var(--line); padding: .35rem .75rem .35rem 0; text-align: left; vertical-align: top; }
@media print { details:not([open]) > * { display: revert; } }
";

/// Renders the whole page.
pub(crate) fn render(document: &Value) -> String {
    let mut page = String::with_capacity(256 * 1024);
    let title = text(&document["info"]["title"]);
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title}: API reference</title><style>{STYLE}</style></head><body>\
         <h1>{title}</h1><p>{}</p>",
        text(&document["info"]["summary"]),
    );
    paragraphs(&mut page, &document["info"]["description"]);
    page.push_str(
        "<p>The same as an <a href=\"/api/openapi.json\">OpenAPI 3.1 document</a>.</p>\
         <pre><code>curl -H \"Authorization: Bearer $TOKEN\" \
         \"$URL/api/v2/reports/customers/data?limit=3\"</code></pre><nav><ul>",
    );
    for tag in items(&document["tags"]) {
        let name = text(&tag["name"]);
        let _ = write!(page, "<li><a href=\"#{name}\">{name}</a></li>");
    }
    page.push_str(
        "<li><a href=\"#tables\">Tables</a></li>\
         <li><a href=\"#schemas\">Schemas</a></li></ul></nav>",
    );
    for tag in items(&document["tags"]) {
        section(&mut page, document, tag);
    }
    tables(&mut page, document);
    schemas(&mut page, document);
    page.push_str("</body></html>");
    page
}

fn section(page: &mut String, document: &Value, tag: &Value) {
    let name = text(&tag["name"]);
    let _ = write!(page, "<h2 id=\"{name}\">{name}</h2><p>{}</p>", text(&tag["description"]));
    for (path, methods) in entries(&document["paths"]) {
        for (method, operation) in entries(methods) {
            if operation["tags"][0] == tag["name"] {
                self::operation(page, document, path, method, operation);
            }
        }
    }
}

fn operation(page: &mut String, document: &Value, path: &str, method: &str, operation: &Value) {
    let _ = write!(
        page,
        "<details id=\"{}\"><summary><b>{}</b><code>{}</code> {}</summary>",
        text(&operation["operationId"]),
        method.to_ascii_uppercase(),
        escape(path),
        text(&operation["summary"]),
    );
    paragraphs(page, &operation["description"]);
    let parameters: Vec<&Value> = items(&operation["parameters"]).collect();
    if !parameters.is_empty() {
        page.push_str("<table><tr><th>Parameter</th><th>Type</th><th>Meaning</th></tr>");
        for parameter in parameters {
            let parameter = resolve(document, parameter);
            let place = match parameter["in"].as_str() {
                Some("header") => " (header)",
                _ => "",
            };
            let required =
                if parameter["required"] == Value::Bool(true) { ", required" } else { "" };
            let _ = write!(
                page,
                "<tr><td>{}</td><td>{}{required}</td><td>{}{place}</td></tr>",
                text(&parameter["name"]),
                type_of(&parameter["schema"]),
                inline(parameter["description"].as_str().unwrap_or_default()),
            );
        }
        page.push_str("</table>");
    }
    body(page, &operation["requestBody"]);
    answer(page, &operation["responses"]);
    page.push_str("<table><tr><th>Error</th><th>Meaning</th></tr>");
    for (status, response) in entries(&operation["responses"]) {
        if !status.starts_with('2') {
            let description = &resolve(document, response)["description"];
            let meaning = inline(description.as_str().unwrap_or_default());
            let _ = write!(page, "<tr><td>{}</td><td>{meaning}</td></tr>", escape(status));
        }
    }
    page.push_str("</table></details>");
}

/// Writes the request body: its media types, and the schema and examples of the first one.
fn body(page: &mut String, body: &Value) {
    let Some(content) = body["content"].as_object() else { return };
    let types: Vec<&str> = content.keys().map(String::as_str).collect();
    let optional = if body["required"] == Value::Bool(true) { "" } else { " (may be left out)" };
    let _ = write!(page, "<p>Body{optional}: <code>{}</code></p>", escape(&types.join(", ")));
    paragraphs(page, &body["description"]);
    if let Some(first) = content.values().next() {
        schema(page, &first["schema"]);
    }
}

/// Writes the successful responses.
fn answer(page: &mut String, responses: &Value) {
    for (status, response) in entries(responses).filter(|(status, _)| status.starts_with('2')) {
        let types: Vec<&String> = entries(&response["content"]).map(|(kind, _)| kind).collect();
        let types = types.into_iter().map(|kind| escape(kind)).collect::<Vec<_>>().join(", ");
        let meaning = inline(response["description"].as_str().unwrap_or_default());
        let _ = write!(page, "<p>Answer {}: {meaning} <code>{types}</code></p>", escape(status));
        let json = &response["content"]["application/json"]["schema"];
        if !json.is_null() {
            schema(page, json);
        }
    }
}

/// Writes a schema: a table of its fields, or its type if it has no fields, then its examples.
fn schema(page: &mut String, schema: &Value) {
    if schema["properties"].is_object() {
        paragraphs(page, &schema["description"]);
        fields(page, schema);
    } else {
        let _ = write!(page, "<p>{}</p>", type_of(schema));
    }
    for example in items(&schema["examples"]) {
        let _ = write!(page, "<pre><code>{}</code></pre>", escape(&format!("{example:#}")));
    }
}

fn fields(page: &mut String, schema: &Value) {
    page.push_str("<table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>");
    let required: Vec<&Value> = items(&schema["required"]).collect();
    for (name, property) in entries(&schema["properties"]) {
        let needed = if required.iter().any(|known| **known == **name) { ", required" } else { "" };
        let meaning = inline(property["description"].as_str().unwrap_or_default());
        let default = default_of(property);
        let _ = write!(
            page,
            "<tr><td>{}</td><td>{}{needed}</td><td>{meaning}{default}</td></tr>",
            escape(name),
            type_of(property),
        );
    }
    page.push_str("</table>");
}

fn default_of(property: &Value) -> String {
    let default = property.get("default");
    default.map_or_else(String::new, |value| {
        format!(" Default: <code>{}</code>.", escape(&value.to_string()))
    })
}

/// Writes the schemas that several endpoints share.
fn schemas(page: &mut String, document: &Value) {
    page.push_str("<h2 id=\"schemas\">Schemas</h2><p>What bodies and answers are made of.</p>");
    for (name, described) in entries(&document["components"]["schemas"]) {
        if name.starts_with("row_") {
            continue;
        }
        let _ = write!(
            page,
            "<details id=\"schema-{0}\"><summary><code>{0}</code></summary>",
            escape(name)
        );
        schema(page, described);
        page.push_str("</details>");
    }
}

/// Writes the columns of every table that can be imported.
fn tables(page: &mut String, document: &Value) {
    page.push_str("<h2 id=\"tables\">Tables</h2><p>Columns that an import may give.</p>");
    for (name, schema) in entries(&document["components"]["schemas"]) {
        let Some(table) = name.strip_prefix("row_") else { continue };
        let _ = write!(
            page,
            "<details id=\"table-{0}\"><summary><code>{0}</code> {1}</summary>\
             <table><tr><th>Column</th><th>Type</th><th>Meaning</th></tr>",
            escape(table),
            text(&schema["description"]),
        );
        for (column, property) in entries(&schema["properties"]) {
            let meaning = inline(property["description"].as_str().unwrap_or_default());
            let _ = write!(
                page,
                "<tr><td>{}</td><td>{}</td><td>{meaning}{}</td></tr>",
                escape(column),
                type_of(property),
                default_of(property),
            );
        }
        page.push_str("</table></details>");
    }
}

/// Returns the type of a schema in words, as HTML.
fn type_of(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        let (anchor, shown) = match name.strip_prefix("row_") {
            Some(table) => (format!("table-{table}"), format!("row of {table}")),
            None => (format!("schema-{name}"), name.to_owned()),
        };
        return format!("<a href=\"#{}\">{}</a>", escape(&anchor), escape(&shown));
    }
    if let Some(words) = schema["enum"].as_array() {
        let words =
            words.iter().map(|word| word.as_str().map_or_else(|| word.to_string(), str::to_owned));
        return escape(&words.collect::<Vec<_>>().join(" | "));
    }
    for several in ["oneOf", "anyOf", "allOf"] {
        if let Some(parts) = schema[several].as_array() {
            let between = if several == "allOf" { " and " } else { " or " };
            return parts.iter().map(type_of).collect::<Vec<_>>().join(between);
        }
    }
    match &schema["type"] {
        Value::String(name) => named(schema, name),
        Value::Array(names) => {
            let names = names.iter().filter_map(Value::as_str).map(|name| named(schema, name));
            names.collect::<Vec<_>>().join(" | ")
        }
        _ => String::new(),
    }
}

fn named(schema: &Value, name: &str) -> String {
    match name {
        "array" => format!("list of {}", type_of(&schema["items"])),
        "object" if schema["properties"].is_object() => {
            let inner = entries(&schema["properties"]).map(|(name, _)| escape(name));
            format!("object ({})", inner.collect::<Vec<_>>().join(", "))
        }
        name => escape(name),
    }
}

/// Returns the part of the document that `$ref` refers to, or the value itself.
fn resolve<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let target = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

fn paragraphs(page: &mut String, value: &Value) {
    let blocks = value.as_str().unwrap_or_default().split("\n\n");
    for block in blocks.filter(|block| !block.is_empty()) {
        let _ = write!(page, "<p>{}</p>", inline(block));
    }
}

/// Escapes text for HTML and turns `code` between backquotes into elements.
fn inline(markdown: &str) -> String {
    let mut html = String::with_capacity(markdown.len());
    for (number, part) in markdown.split('`').enumerate() {
        match number % 2 {
            1 => drop(write!(html, "<code>{}</code>", escape(part))),
            _ => html.push_str(&escape(part)),
        }
    }
    html
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_code_is_marked() {
        assert_eq!(inline("a `<b>` & c"), "a <code>&lt;b&gt;</code> &amp; c");
    }

    #[test]
    fn bodies_and_answers_are_told_field_by_field() {
        let page = render(&crate::openapi::full_document(None));
        let operation = |id: &str| {
            let rest = page.split_once(&format!("<details id=\"{id}\">")).unwrap().1;
            rest.split_once("</details>").unwrap().0.to_owned()
        };
        let request = operation("export_request");
        for told in ["<td>csv_dialect</td>", "byte-order mark", "Default: <code>csv</code>"] {
            assert!(request.contains(told), "{told} is not in\n{request}");
        }
        assert!(request.contains("href=\"#schema-ExportRequested\""), "{request}");
        let data = operation("customers_data");
        assert!(data.contains("such as <code>last_month</code>"), "{data}");
        assert!(!data.contains("Filter of type"), "{data}");
    }

    #[test]
    fn every_operation_and_table_is_on_the_page() {
        let document = crate::openapi::full_document(None);
        let page = render(&document);
        for (path, methods) in entries(&document["paths"]) {
            for (_, operation) in entries(methods) {
                let anchor = format!("id=\"{}\"", operation["operationId"].as_str().unwrap());
                assert!(page.contains(&anchor), "{path}");
            }
        }
        for table in model::catalogue::tables() {
            assert!(page.contains(&format!("id=\"table-{}\"", table.name)), "{}", table.name);
        }
        for (name, _) in entries(&document["components"]["schemas"]) {
            let anchor = format!(
                "id=\"{}\"",
                match name.strip_prefix("row_") {
                    Some(table) => format!("table-{table}"),
                    None => format!("schema-{name}"),
                }
            );
            assert!(page.contains(&anchor), "{name}");
        }
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("https://"));
    }
}
