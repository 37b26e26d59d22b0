//! A query of a transaction at random, and what a naive search answers.

use super::serial::{Dice, Documents, Naming, in_model};
use crate::collator::Collation;
use crate::engine::Transaction;
use crate::range::{Cursor, Fingerprint, Query, Selection, Window};

/// A query over the keys of one letter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    from: &'static str,
    to: &'static str,
    inclusive: (bool, bool),
    /// In place of the range.
    keys: Option<[&'static str; 3]>,
    descending: bool,
    /// Where the page before has ended: a key inside, and its place in the keys.
    after: Option<(usize, &'static str)>,
    window: Window,
    total: bool,
    documents: bool,
}

impl Ask {
    pub fn random(dice: &mut Dice) -> Self {
        let (from, to, descending) = (dice.key(), dice.key(), dice.roll(2) == 0);
        let keys = (dice.roll(4) == 0).then(|| [dice.key(), dice.key(), dice.key()]);
        let after = match (dice.roll(3), keys) {
            (0, Some(keys)) => Some(dice.roll(3)).map(|place| (place, keys[place])),
            (0, None) => Some((0, dice.key())).filter(|(_, key)| bounds(from, to, descending).contains(key)),
            _ => None,
        };
        let start = if after.is_some() { 0 } else { dice.roll(3) / 2 };
        Self {
            from,
            to,
            inclusive: (dice.roll(4) > 0, dice.roll(4) > 0),
            keys,
            descending,
            after,
            window: Window { start, limit: Some(dice.roll(4)).filter(|limit| *limit > 0) },
            total: dice.roll(3) == 0,
            documents: dice.roll(3) == 0,
        }
    }

    /// What a transaction answers in a store of such names.
    pub fn of(self, transaction: &mut Transaction, naming: &Naming) -> String {
        let bytes = |text: &str| naming.of(text).into_bytes();
        let bound = |text| self.keys.is_none().then(|| bytes(text));
        let selection = Selection {
            start: bound(self.from),
            end: bound(self.to),
            inclusive_start: self.inclusive.0,
            inclusive_end: self.inclusive.1,
            keys: self.keys.map(|keys| keys.map(bytes).into()),
            descending: self.descending,
            ..Selection::default()
        };
        let kind = match &naming.collation {
            Collation::CodeUnit => Fingerprint::KEYS,
            Collation::Locale(collator) => Fingerprint::KEYS.and(collator.text().as_bytes()),
        };
        let query = selection.fingerprint(kind);
        let cursor = self.after.map(|(place, key)| Cursor::to_text(query, place, &bytes(key)));
        let query = Query { selection, window: self.window, cursor };
        let page = transaction.query_keys(query, self.total, self.documents).unwrap();
        let found = transaction.page(&page).map(|(key, stored)| (in_model(key), stored.document.text().to_owned()));
        self.answer(&found.collect::<Vec<_>>(), page.exclusive_end_index, page.total)
    }

    /// What these documents answer.
    pub fn of_documents(self, documents: &Documents) -> String {
        let all = self.all(documents);
        let start = match self.after {
            Some((last, _)) if self.keys.is_some() => all.iter().filter(|(place, _)| *place <= last).count(),
            Some((_, last)) if self.descending => all.iter().filter(|(_, key)| *key >= last).count(),
            Some((_, last)) => all.iter().filter(|(_, key)| *key <= last).count(),
            None => self.window.start.min(all.len()),
        };
        let end = self.window.limit.map_or(all.len(), |limit| (start + limit).min(all.len()));
        let found = all[start..end].iter().map(|(_, key)| ((*key).to_owned(), documents[*key].clone()));
        self.answer(&found.collect::<Vec<_>>(), (end < all.len()).then_some(end), all.len())
    }

    /// Every key that is selected, with its place in the keys.
    fn all(self, documents: &Documents) -> Vec<(usize, &str)> {
        if let Some(keys) = self.keys {
            let there = keys.into_iter().enumerate().filter(|(_, key)| documents.contains_key(*key));
            return there.collect();
        }
        let excluded = |key: &str| (key == self.from && !self.inclusive.0) || (key == self.to && !self.inclusive.1);
        let inside = bounds(self.from, self.to, self.descending);
        let mut all: Vec<_> = documents.keys().map(String::as_str).filter(|key| inside.contains(key)).collect();
        all.retain(|key| !excluded(key));
        if self.descending {
            all.reverse();
        }
        all.into_iter().map(|key| (0, key)).collect()
    }

    /// What JavaScript is told.
    fn answer(self, found: &[(String, String)], end: Option<usize>, total: usize) -> String {
        let items: Vec<_> = found.iter().map(|(key, text)| (key, self.documents.then_some(text))).collect();
        let index = (self.total || self.after.is_none()).then_some(end);
        format!("{items:?} {} {index:?} {:?}", end.is_some(), self.total.then_some(total))
    }
}

fn bounds(from: &'static str, to: &'static str, descending: bool) -> std::ops::RangeInclusive<&'static str> {
    if descending { from.min(to)..=from.max(to) } else { from..=to }
}
