//! Tables as spreadsheets export them: values with commas between, columns by name or by order.

use super::error::Problem;

/// Most rows of a table.
const MOST_ROWS: usize = 100_000;

/// A column that a table may have.
pub(super) struct Column {
    /// What it may be called; the first one is its name in messages.
    pub names: &'static [&'static str],
    /// Whether every table has it. Those that not all have come last.
    pub is_required: bool,
}

/// A row of a table.
pub(super) struct Row {
    /// Where it stands, counted from 1.
    pub line: u64,
    columns: &'static [Column],
    cells: Vec<String>,
}

impl Row {
    /// The text in a column; empty where the table has no such column.
    pub(super) fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }

    /// What `read` makes of the text in a column. Its error gets the place.
    pub(super) fn read<T>(
        &self,
        column: usize,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) -> Result<T, Problem> {
        read(self.cell(column)).map_err(|what| self.wrong(column, &what))
    }

    /// A problem with the text in a column.
    pub(super) fn wrong(&self, column: usize, what: &str) -> Problem {
        let name = self
            .columns
            .get(column)
            .map_or("", |column| column.names[0]);
        Problem::at(self.line, format!("column {name}: {what}"))
    }
}

/// The rows of a table with these columns. If the first row names columns, they may come in any
/// order, and those that are not required may be left out.
pub(super) fn rows(text: &str, columns: &'static [Column]) -> Result<Vec<Row>, Problem> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .comment(Some(b'#'))
        .from_reader(text.as_bytes());
    let mut places: Option<Vec<usize>> = None;
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| Problem::from(error.to_string()))?;
        let line = record.position().map_or(0, |place| line_of(text, place));
        if record.iter().all(str::is_empty) {
            continue;
        }
        if places.is_none() {
            let named = named(&record, columns).map_err(|what| Problem::at(line, what))?;
            let has_names = named.is_some();
            places = Some(named.unwrap_or_else(|| (0..columns.len().min(record.len())).collect()));
            if has_names {
                continue;
            }
        }
        if rows.len() == MOST_ROWS {
            return Err(Problem::at(line, format!("more than {MOST_ROWS} rows")));
        }
        let places = places.as_deref().unwrap_or_default();
        let least = columns.iter().filter(|column| column.is_required).count();
        if record.len() != places.len() || record.len() < least {
            let names: Vec<&str> = columns.iter().map(|column| column.names[0]).collect();
            let (found, names) = (record.len(), names.join(","));
            let what = format!(
                "{found} values, where at least the first {least} of {names} are expected, in all rows alike"
            );
            return Err(Problem::at(line, what));
        }
        let mut cells = vec![String::new(); columns.len()];
        for (&place, cell) in places.iter().zip(&record) {
            cells[place] = cell.to_owned();
        }
        rows.push(Row {
            line,
            columns,
            cells,
        });
    }
    Ok(rows)
}

/// The line of a record. The reader's own is that of the empty lines and comments before it.
fn line_of(text: &str, place: &csv::Position) -> u64 {
    let at = usize::try_from(place.byte()).unwrap_or(usize::MAX);
    let lines = text.get(at..).unwrap_or_default().lines();
    let skipped = lines.take_while(|line| line.is_empty() || line.starts_with('#'));
    place.line() + skipped.count() as u64
}

/// Which columns the cells of a first row name; None if that has no names. The error is what is
/// wrong with them.
fn named(record: &csv::StringRecord, columns: &[Column]) -> Result<Option<Vec<usize>>, String> {
    let column_of = |cell: &str| {
        let cell = cell.to_lowercase();
        columns
            .iter()
            .position(|column| column.names.contains(&cell.as_str()))
    };
    if !record.iter().any(|cell| column_of(cell).is_some()) {
        return Ok(None);
    }
    let mut places = Vec::new();
    for cell in record {
        match column_of(cell) {
            Some(place) if !places.contains(&place) => places.push(place),
            Some(_) => return Err(format!("column {cell} is there twice")),
            None => {
                let names: Vec<&str> = columns.iter().map(|column| column.names[0]).collect();
                return Err(format!(
                    "there is no column {cell:?}, only {}",
                    names.join(", ")
                ));
            }
        }
    }
    let missing = columns
        .iter()
        .enumerate()
        .find(|(place, column)| column.is_required && !places.contains(place));
    match missing {
        Some((_, column)) => Err(format!("column {} is missing", column.names[0])),
        None => Ok(Some(places)),
    }
}
