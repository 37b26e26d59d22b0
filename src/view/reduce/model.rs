//! Naive reducers for tests: over a list of rows, in the plainest way.

use super::{Level, Question, Reducer};
use crate::view::model::Json;
use crate::view::{RowTree, collation};

#[derive(Clone, Debug)]
pub struct Row {
    key: Json,
    document: String,
    value: Option<Json>,
}

pub fn row_list(tree: &RowTree) -> Vec<Row> {
    let rows = tree.iter().map(|(row, value)| {
        let mut key = String::new();
        collation::decode(row.emitted(), &mut key).unwrap();
        let document = String::from_utf8(row.document().unwrap().into_owned()).unwrap();
        Row { key: Json::parse(&key), document, value: value.as_deref().map(Json::parse) }
    });
    rows.collect()
}

fn number(value: Option<&Json>) -> Option<f64> {
    if let Some(Json::Number(number)) = value { Some(*number) } else { None }
}

/// What a naive reducer makes of rows; the document at fault where one is not accepted.
pub fn naive(reducer: Reducer, rows: &[Row]) -> Result<Json, String> {
    let numbers = || {
        let numbers = rows.iter().map(|row| number(row.value.as_ref()).ok_or_else(|| row.document.clone()));
        numbers.collect::<Result<Vec<_>, _>>()
    };
    let values = || rows.iter().map(|row| row.value.clone().unwrap_or(Json::Null));
    let length = |count: usize| Json::Number(u32::try_from(count).unwrap().into());
    Ok(match reducer {
        Reducer::Count => length(rows.len()),
        Reducer::Sum => naive_sum(rows)?,
        Reducer::Stats => {
            let numbers = numbers()?;
            let or_null = |number: Option<f64>| number.map_or(Json::Null, Json::Number);
            let members = [
                ("sum", Json::Number(numbers.iter().sum::<f64>() + 0.0)),
                ("count", length(numbers.len())),
                ("min", or_null(numbers.iter().copied().reduce(f64::min))),
                ("max", or_null(numbers.iter().copied().reduce(f64::max))),
                ("sumsqr", Json::Number(numbers.iter().map(|number| number * number).sum::<f64>() + 0.0)),
            ];
            Json::Object(members.map(|(name, value)| (name.encode_utf16().collect(), value)).into())
        }
        // Of equal values `min_by` takes the first, `max_by` the last.
        Reducer::Min => values().min_by(Json::compare).unwrap_or(Json::Null),
        Reducer::Max => values().rev().max_by(Json::compare).unwrap_or(Json::Null),
        Reducer::ApproxCountDistinct => length(rows.chunk_by(|a, b| a.key.compare(&b.key).is_eq()).count()),
        Reducer::Function if rows.is_empty() => Json::Null,
        Reducer::Function => Json::Array(rows.iter().map(|row| row.value.clone().unwrap_or(Json::Null)).collect()),
    })
}

fn naive_sum(rows: &[Row]) -> Result<Json, String> {
    let (mut sums, mut is_array) = (Vec::new(), false);
    for row in rows {
        let elements = match &row.value {
            Some(Json::Number(number)) => vec![*number],
            Some(Json::Array(elements)) => {
                is_array = true;
                elements.iter().map(|element| number(Some(element))).collect::<Option<_>>().ok_or(&row.document)?
            }
            _ => return Err(row.document.clone()),
        };
        sums.resize(sums.len().max(elements.len()), 0.0);
        sums.iter_mut().zip(elements).for_each(|(sum, element)| *sum += element);
    }
    let mut sums = sums.into_iter().map(Json::Number);
    Ok(if is_array { Json::Array(sums.collect()) } else { sums.next().unwrap_or(Json::Number(0.0)) })
}

/// The key of a row's group.
fn naive_group(key: &Json, level: Level) -> Json {
    match key {
        _ if level.is_one_group() => Json::Null,
        Json::Array(elements) if level != Level::WHOLE => {
            let count = (0..=elements.len()).rfind(|count| Level::elements(*count) == level).unwrap_or(elements.len());
            Json::Array(elements[..count].to_vec())
        }
        key => key.clone(),
    }
}

pub type Groups = Vec<(Json, Result<Json, String>)>;

/// The groups of a question's page, and the number of all.
pub fn naive_groups(reducer: Reducer, rows: &[Row], question: &Question) -> (Groups, usize) {
    let level = question.level.unwrap();
    let mut groups = Groups::new();
    let ranges: Vec<_> = if level.is_one_group() {
        let all: Vec<_> = question.ranges.iter().flat_map(|range| &rows[range.clone()]).cloned().collect();
        vec![all]
    } else {
        question.ranges.iter().map(|range| rows[range.clone()].to_vec()).collect()
    };
    for range in ranges {
        let chunks = range.chunk_by(|a, b| naive_group(&a.key, level).compare(&naive_group(&b.key, level)).is_eq());
        let mut found: Groups =
            chunks.map(|chunk| (naive_group(&chunk[0].key, level), naive(reducer, chunk))).collect();
        if question.descending {
            found.reverse();
        }
        groups.extend(found);
    }
    let total = groups.len();
    let start = question.window.start.min(total);
    let end = question.window.limit.map_or(total, |limit| total.min(start + limit));
    (groups[start..end].to_vec(), total)
}
