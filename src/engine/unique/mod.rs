//! Unique views: values that no two documents may have.
//!
//! | file | noun |
//! |---|---|
//! | `holders` | [`Holders`]: which document holds which value of one view |
//! | `claims` | [`Claims`]: what a group gives up and takes |
//! | `build` | the holders of a whole store, in parallel |
//! | `definitions` | the views as the text that storage keeps |
//!
//! # Invariants
//!
//! - The committer owns them, and they stand where memory stands: a group's claims are taken when the group is in
//!   memory, and never where storage refused it.
//! - A group is judged by what it leaves behind: two documents may swap.
//! - The groups of one commit are all judged before any is stored. What an earlier one of them takes or gives up, nobody
//!   knows yet, because storage may refuse it: a group that wants such a value waits for the next commit.
//! - While duplicates stand (found when the view was defined, or at a load), a group that touches the view's documents
//!   has to lower their number. It never makes new ones.
//! - What is enforced is what storage keeps.
//!
//! Not here: the rows that queries read (`declared`), which conditions a view has ([`view::declared`](crate::view)).

mod build;
mod claims;
mod definitions;
mod holders;

use self::claims::Claim;
use self::holders::Holders;
use super::snapshot::Snapshot;
use crate::error::{Error, Result};
use crate::key::Key;
use crate::storage::{Entry, Storage};
use crate::view::collation;
use crate::view::declared::Declaration;

pub(super) use self::claims::{Claims, Touched};

/// So many duplicates are told, and so many documents of each.
const MOST_TOLD: usize = 1_000;

/// A value that more than one document has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The value, as JSON.
    pub value: String,
    /// The documents, in the order of their keys.
    pub documents: Vec<Key>,
}

/// What becomes of a group.
pub(super) enum Verdict {
    /// It may be stored; these are to be taken then.
    Free(Claims),
    /// It can be judged only when what is before it has been stored.
    Later,
    /// It would break a view.
    Refused(Error),
}

/// The unique views of a store.
#[derive(Default)]
pub(super) struct Uniques {
    /// By ascending id.
    views: Vec<View>,
}

/// A unique view.
struct View {
    id: String,
    declaration: Declaration,
    holders: Holders,
}

impl Uniques {
    /// The views that storage kept. Nothing is held before [`build`](Self::build).
    ///
    /// # Errors
    ///
    /// `UNSUPPORTED` where this version cannot tell what a view means.
    pub fn load(text: &str) -> Result<Self> {
        let view = |(id, declaration)| View { id, declaration, holders: Holders::default() };
        Ok(Self { views: definitions::parse(text)?.into_iter().map(view).collect() })
    }

    /// The views as storage keeps them; empty where there are none.
    pub fn text(&self) -> String {
        if self.is_empty() {
            return String::new();
        }
        definitions::text(self.views.iter().map(|view| (view.id.as_str(), &view.declaration)))
    }

    /// Finds out who holds what.
    pub fn build(&mut self, snapshot: &Snapshot) {
        for view in &mut self.views {
            view.holders = build::holders(&view.declaration, snapshot);
        }
    }

    /// Whether there is a unique view of this id.
    pub fn has(&self, id: &str) -> bool {
        self.find(id).is_ok()
    }

    /// Whether the unique view of this id is this one, or there is none where none is meant.
    pub fn is_as(&self, id: &str, declaration: Option<&Declaration>) -> bool {
        let stands = self.find(id).ok().and_then(|at| self.views.get(at));
        stands.map(|view| view.declaration.text()) == declaration.map(Declaration::text)
    }

    /// Makes `declaration` the unique view of this id, or lets the id have none, and has storage keep that.
    ///
    /// # Errors
    ///
    /// Storage's; nothing has changed then.
    pub fn define(
        &mut self,
        id: String,
        declaration: Option<Declaration>,
        storage: &mut dyn Storage,
        snapshot: &Snapshot,
    ) -> Result<()> {
        let others = self.views.iter().filter(|view| view.id != id).map(|view| (view.id.as_str(), &view.declaration));
        storage.save_definitions(&definitions::text(
            others.chain(declaration.as_ref().map(|declaration| (id.as_str(), declaration))),
        ))?;
        if let Ok(at) = self.find(&id) {
            self.views.remove(at);
        }
        if let Some(declaration) = declaration {
            let holders = build::holders(&declaration, snapshot);
            let (Ok(at) | Err(at)) = self.find(&id);
            self.views.insert(at, View { id, declaration, holders });
        }
        Ok(())
    }

    /// Judges a group, which replaces what its entries say. `touched` is what the groups before it, of the same commit,
    /// take and give up; `others_follow` tells whether what this one does has to be noted there.
    pub fn judge(&self, entries: &[Entry], touched: &mut Touched, others_follow: bool) -> Verdict {
        let mut claims = Claims::default();
        for (number, view) in self.views.iter().enumerate() {
            let claim = Claim::of(&view.declaration, entries);
            if !claim.concerns() {
                continue;
            }
            if touched.keeps_back(number, &claim, view.holders.has_duplicates()) {
                return Verdict::Later;
            }
            if let Err(breach) = claim.check(&view.holders) {
                return Verdict::Refused(breach.into_error(&view.id));
            }
            claims.add(number, claim);
        }
        if others_follow {
            touched.note(&claims);
        }
        Verdict::Free(claims)
    }

    /// Follows a group that somebody else stored, and judged.
    pub fn accept(&mut self, entries: &[Entry]) {
        for view in &mut self.views {
            Claim::of(&view.declaration, entries).take(&mut view.holders);
        }
    }

    /// Whether there is nothing to judge.
    pub fn is_empty(&self) -> bool {
        self.views.is_empty()
    }

    /// Takes what stored groups claim, in their order.
    pub fn take(&mut self, claims: Vec<(usize, Claim)>) {
        for (number, claim) in claims {
            if let Some(view) = self.views.get_mut(number) {
                claim.take(&mut view.holders);
            }
        }
    }

    /// The duplicates of a view, in the order of their values; none where there is no such view.
    pub fn duplicates(&self, id: &str) -> Vec<Duplicate> {
        let view = self.find(id).ok().and_then(|at| self.views.get(at));
        let told = |(value, documents): (&[u8], _)| Duplicate { value: json(value), documents };
        view.into_iter().flat_map(|view| view.holders.duplicates(MOST_TOLD)).take(MOST_TOLD).map(told).collect()
    }

    fn find(&self, id: &str) -> Result<usize, usize> {
        self.views.binary_search_by(|view| view.id.as_str().cmp(id))
    }
}

/// A value as JSON.
fn json(value: &[u8]) -> String {
    let mut text = String::new();
    // Encoded by us, so never `None`.
    let _ = collation::decode(value, &mut text);
    text
}
