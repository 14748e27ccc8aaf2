//! Prints the SQLite schema that the catalogue asks for: the text of the first migration.

fn main() {
    print!("{}", store::sqlite::schema());
}
