//! `rollbook schema`: prints the catalogue of tables.

use clap::{Args, ValueEnum};
use model::allotment;
use model::catalogue::{self, Column, ColumnDefault, ColumnType, Presence, RowRule, Table};
use serde_json::{Value, json};

use super::{print, to_json};
use crate::failure::Failure;

/// `rollbook schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Output format
    #[arg(long, value_enum, default_value = "markdown")]
    format: SchemaFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SchemaFormat {
    /// Tables of columns, to read
    Markdown,
    /// One object, for programs
    Json,
}

pub(crate) fn run(args: SchemaArgs) -> Result<(), Failure> {
    match args.format {
        SchemaFormat::Markdown => print(&markdown()),
        SchemaFormat::Json => {
            let tables: Vec<Value> = catalogue::tables().iter().map(table_json).collect();
            print(&to_json(&json!({ "tables": tables }))?)
        }
    }
}

fn table_json(table: &Table) -> Value {
    let columns: Vec<Value> = table.columns.iter().map(column_json).collect();
    let rules: Vec<String> = table.rules.iter().map(|rule| rule_text(*rule)).collect();
    json!({
        "name": table.name,
        "description": table.doc,
        "columns": columns,
        "rules": rules,
    })
}

fn column_json(column: &Column) -> Value {
    let mut value = json!({
        "name": column.name,
        "type": column.kind.name(),
        "required": column.presence == Presence::Required,
        "nullable": column.is_nullable(),
    });
    if let Some(text) = default_text(column) {
        value["default"] = json!(text);
    }
    if let Some(target) = column.references {
        value["references"] = json!(target);
    }
    match column.kind {
        ColumnType::Enum(words) => value["values"] = json!(words),
        ColumnType::Int { min, max } if (min, max) != (i64::MIN, i64::MAX) => {
            value["minimum"] = json!(min);
            value["maximum"] = json!(max);
        }
        _ => {}
    }
    value
}

fn markdown() -> String {
    let mut text = String::from("# Tables\n\nTables in this order come after those they name.\n");
    for table in catalogue::tables() {
        text.push_str(&format!("\n## {}\n\n{}\n\n", table.name, table.doc));
        text.push_str("| column | type | presence | values |\n| --- | --- | --- | --- |\n");
        for column in &table.columns {
            let (kind, presence) = (column.kind.name(), presence_text(column));
            let values = values_text(column);
            text.push_str(&format!("| `{}` | {kind} | {presence} | {values} |\n", column.name));
        }
        if !table.rules.is_empty() {
            text.push_str("\nRules:\n\n");
        }
        for rule in table.rules {
            text.push_str(&format!("- {}\n", rule_text(*rule)));
        }
    }
    text.push_str(&allotments());
    text
}

/// Describes the JSON in columns of type allotment.
fn allotments() -> String {
    let mut text = String::from(
        "\n# Allotments\n\nHow much a membership allows: JSON in `allotment` of a plan, or in \
         `custom_allotment` of one customer's membership, instead of the plan's.\n\n\
         | key | values | left out |\n| --- | --- | --- |\n",
    );
    for (path, values, left_out) in allotment::ALLOTMENT_KEYS {
        text.push_str(&format!("| `{path}` | {values} | {left_out} |\n"));
    }
    text.push_str(&format!(
        "\n8 classes or appointments a month, of which at most 3 of offering type 12:\n\n\
         ```json\n{}\n```\n",
        allotment::ALLOTMENT_EXAMPLE
    ));
    text
}

fn presence_text(column: &Column) -> String {
    match (default_text(column), column.is_nullable()) {
        (Some(default), true) => format!("optional; default {default}"),
        (Some(default), false) => format!("default {default}"),
        (None, true) => "optional".to_owned(),
        (None, false) => "required".to_owned(),
    }
}

fn values_text(column: &Column) -> String {
    match (column.references, column.kind) {
        (Some(target), _) => format!("-> {target}"),
        (None, ColumnType::Enum(words)) => words.join(", "),
        (None, ColumnType::Int { min, max }) if (min, max) != (i64::MIN, i64::MAX) => {
            format!("{min} to {max}")
        }
        _ => String::new(),
    }
}

fn default_text(column: &Column) -> Option<String> {
    let (Presence::Default(default) | Presence::NullableDefault(default)) = column.presence else {
        return None;
    };
    Some(match default {
        ColumnDefault::Int(value) if column.kind == ColumnType::Bool => (value == 1).to_string(),
        ColumnDefault::Int(value) => value.to_string(),
        ColumnDefault::Text(text) => text.to_owned(),
        ColumnDefault::Column(name) => format!("the row's {name}"),
        ColumnDefault::ImportInstant => "the instant of the import".to_owned(),
        ColumnDefault::FullName => "first_name and last_name".to_owned(),
        ColumnDefault::Recognition => {
            "shipments when shipments_per_interval > 0, else time".to_owned()
        }
        ColumnDefault::AmountRemaining => {
            "total - amount_paid - credit_applied, not below 0".to_owned()
        }
        ColumnDefault::Parent { via, column, times: None } => {
            format!("{column} of the row in {via}")
        }
        ColumnDefault::Parent { via, column, times: Some(factor) } => {
            format!("{column} of the row in {via}, times {factor}")
        }
    })
}

fn rule_text(rule: RowRule) -> String {
    match rule {
        RowRule::RequiredWhen { column, when, is } => {
            format!("{column} is required when {when} is {is}")
        }
        RowRule::NotNegative(column) => format!("{column} is not negative"),
        RowRule::Sum { left, right, total } => format!("{left} + {right} = {total}"),
        RowRule::NotBefore { last, first } => format!("{last} is not before {first}"),
        RowRule::OneOf { first, amount } => {
            format!("exactly one of {first} and {amount}; {amount} needs a currency")
        }
        RowRule::SignAgrees => {
            "a credit is stored as amount <= 0, a debit as amount >= 0".to_owned()
        }
        RowRule::InvoiceCurrency => "currency is that of the invoice in invoice_id".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_pinned() {
        insta::assert_snapshot!(markdown());
    }

    #[test]
    fn json_names_every_table_and_column() {
        for table in catalogue::tables() {
            let value = table_json(table);
            assert_eq!(value["name"], table.name);
            let columns = value["columns"].as_array().unwrap();
            assert_eq!(columns.len(), table.columns.len());
            assert_eq!(columns[0]["minimum"], 1);
        }
    }
}
