//! Tests that JSON and XML carry the same values (§8).

use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::{Value, json};
use usage::json::{OfferingTypeNames, to_json};
use usage::xml::{ListStyle, json_to_xml, to_xml};

use crate::generate::case;
use crate::vectors::example;

/// An XML element: its name, its text, its children.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct XmlElement {
    name: String,
    text: String,
    children: Vec<XmlElement>,
}

/// Parses a document with another implementation.
fn parse(xml: &str) -> XmlElement {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().expand_empty_elements = true;
    let mut open = vec![XmlElement::default()];
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = start.name().as_ref().to_owned();
                open.push(XmlElement { name, ..XmlElement::default() });
            }
            Event::End(_) => {
                let element = open.pop().unwrap();
                open.last_mut().unwrap().children.push(element);
            }
            Event::Text(text) => {
                open.last_mut().unwrap().text.push_str(&text.xml10_content());
            }
            Event::GeneralRef(reference) => {
                let name = reference.to_string();
                let char = match reference.resolve_char_ref().unwrap() {
                    Some(char) => char.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&name).unwrap().to_owned(),
                };
                open.last_mut().unwrap().text.push_str(&char);
            }
            Event::Decl(_) => {}
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    let [document] = &open[..] else { panic!("unclosed element") };
    assert_eq!((document.children.len(), document.text.as_str()), (1, ""));
    document.children[0].clone()
}

/// Returns the element that a JSON value should become in `list-item` style.
fn element_of(name: &str, value: &Value) -> XmlElement {
    let (text, children) = match value {
        Value::Null => (String::new(), Vec::new()),
        Value::String(text) => (text.clone(), Vec::new()),
        Value::Bool(_) | Value::Number(_) => (value.to_string(), Vec::new()),
        Value::Array(items) => {
            (String::new(), items.iter().map(|item| element_of("list-item", item)).collect())
        }
        Value::Object(map) => {
            (String::new(), map.iter().map(|(key, value)| element_of(key, value)).collect())
        }
    };
    XmlElement { name: name.to_owned(), text, children }
}

fn names(name: &str) -> OfferingTypeNames {
    (1..=20).map(|id| (id, format!("{name} {id}"))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn xml_carries_what_json_carries(case in case(), name in "[ -~\t\nàé漢🧘]{0,12}") {
        let (usage, names) = (case.usage(), names(&name));
        let xml = to_xml(&usage, &names, ListStyle::ListItem);
        prop_assert_eq!(parse(&xml), element_of("root", &to_json(&usage, &names)));
    }

    #[test]
    fn any_text_and_any_key_give_a_document_that_parses(key in any::<String>(), text in any::<String>()) {
        for style in [ListStyle::ListItem, ListStyle::Repeated] {
            let value = json!({ &key: [&text, { &text: &key }] });
            let parsed = parse(&json_to_xml(&value, style));
            prop_assert_eq!(parsed.children.is_empty(), false);
        }
    }

    #[test]
    fn keys_are_alphabetical_at_every_depth(case in case()) {
        assert_sorted(&to_json(&case.usage(), &names("a")));
    }
}

fn assert_sorted(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(assert_sorted),
        Value::Object(map) => {
            let keys: Vec<_> = map.keys().collect();
            assert!(keys.is_sorted(), "{keys:?}");
            map.values().for_each(assert_sorted);
        }
        _ => {}
    }
}

#[test]
fn repeated_lists_have_no_wrapper_and_empty_ones_no_element() {
    let names = OfferingTypeNames::from([(12, "HIIT".to_owned())]);
    let xml = to_xml(&example(), &names, ListStyle::Repeated);
    let expected = concat!(
        r#"<?xml version="1.0" encoding="utf-8"?><root><usage_periods>"#,
        "<bookable_count>1</bookable_count><end_date>2025-11-30</end_date><max_uses>6</max_uses>",
        "<offering_type_limits><bookable_count>0</bookable_count><is_extra>false</is_extra>",
        "<max_uses>2</max_uses><offering_type><id>12</id><name>HIIT</name></offering_type>",
        "<prorate_adjustment><active_days>23</active_days>",
        "<holds><end_date>2025-11-16</end_date><start_date>2025-11-10</start_date></holds>",
        "<original_max_uses>3</original_max_uses><prorated_max_uses>2</prorated_max_uses>",
        "<total_days>30</total_days></prorate_adjustment><remaining_count>0</remaining_count>",
        "<used_count>2</used_count></offering_type_limits><period_type>month</period_type>",
        "<prorate_adjustment><active_days>23</active_days>",
        "<holds><end_date>2025-11-16</end_date><start_date>2025-11-10</start_date></holds>",
        "<original_max_uses>8</original_max_uses><prorated_max_uses>6</prorated_max_uses>",
        "<total_days>30</total_days></prorate_adjustment><remaining_count>1</remaining_count>",
        "<start_date>2025-11-01</start_date><type>event</type><used_count>5</used_count>",
        "</usage_periods></root>",
    );
    assert_eq!(xml, expected);
    for (style, expected) in
        [(ListStyle::ListItem, "<root><usage_periods/></root>"), (ListStyle::Repeated, "<root/>")]
    {
        let xml = json_to_xml(&json!({ "usage_periods": [] }), style);
        assert!(xml.ends_with(expected), "{xml}");
    }
}

#[test]
fn text_and_keys_cannot_break_out_of_their_element() {
    for (value, expected) in [
        (json!({ "name": "a<b>&\"'c" }), "<root><name>a&lt;b&gt;&amp;\"'c</name></root>"),
        (json!({ "name": "]]>\r\n\t" }), "<root><name>]]&gt;&#13;\n\t</name></root>"),
        (json!({ "name": "a\u{0}b\u{1b}\u{ffff}" }), "<root><name>a�b��</name></root>"),
        (json!({ "a><b/": true }), "<root><a__b_>true</a__b_></root>"),
        (json!({ "1x": null, "": 0 }), "<root><_1x/><_>0</_></root>"),
        (json!({ "period_limits.0.max_uses": [] }), "<root><period_limits.0.max_uses/></root>"),
    ] {
        let xml = json_to_xml(&value, ListStyle::ListItem);
        assert_eq!(xml.split_once("?>").unwrap().1, expected);
        parse(&xml);
    }
}

#[test]
fn list_styles_are_the_two_of_the_setting() {
    let style = |word: &str| serde_json::from_value(word.into()).ok();
    assert_eq!(style("list-item"), Some(ListStyle::ListItem));
    assert_eq!(style("repeated"), Some(ListStyle::Repeated));
    assert_eq!(style("list"), None::<ListStyle>);
}
