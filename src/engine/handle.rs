//! The handle by which a store is used.

use std::fmt;
use std::mem;
use std::sync::Arc;
use std::thread;

use super::batch::Batch;
use super::call::Answer;
use super::declared::{Awaited, View};
use super::generations::Generations;
use super::lifecycle::{CloseReply, Ending, LoadReply, Phase, Shared, closed};
use super::options::Options;
use super::queue::{DefineReply, DuplicatesReply, FlushReply, Request};
use super::reading::Reading;
use super::report::{Memory, Stats};
use super::snapshot::{Snapshot, Stored};
use super::transaction::Transaction;
use super::write::{Reply, Settled, Write};
use crate::collator::Collation;
use crate::document::Document;
use crate::error::Result;
use crate::key::Key;
use crate::storage::{Sequence, Storage};
use crate::view::declared::Declaration;
use crate::view::drop_aside;

/// The rows of a view that are not dropped on the caller's thread.
const MANY_ROWS: usize = 1_000;

/// A store: documents in memory over a [`Storage`].
///
/// Every method returns at once; what takes time answers through a reply, from another thread. Dropping an engine
/// [abandons](Engine::abandon) it and waits for its threads.
pub struct Engine {
    pub(super) shared: Arc<Shared>,
}

impl Engine {
    /// An engine over a storage that has not been opened yet. Nothing is touched before [`Engine::load`].
    #[must_use]
    pub fn new(storage: Box<dyn Storage>, options: Options) -> Self {
        Self { shared: Arc::new(Shared::new(storage, options)) }
    }

    /// Opens the storage and reads everything. While loading, later calls wait for the same load; when it is done
    /// they get its report; after a failure the next call tries again. `CLOSED` once the store is told to close.
    pub fn load(&self, reply: LoadReply) {
        Shared::load(&self.shared, reply, thread::Builder::spawn);
    }

    /// Hands over writes that belong together in time; they are answered by one reply. The writes of one submission
    /// are independent of each other, except that writes to one key happen in their order.
    pub fn submit(&self, writes: Vec<Write>, reply: Reply) {
        self.request(Request::Each(writes, reply));
    }

    /// Hands over writes that are done together or not at all.
    pub fn submit_batch(&self, batch: Batch, reply: Reply) {
        self.request(Request::Batch(batch, reply));
    }

    /// Commits a transaction. What it read survives a power cut, too, when one that is to be `synced` is answered. It has one
    /// answer for each write, or, where it was refused, the one reason.
    pub fn commit(&self, transaction: Transaction, synced: bool, reply: Reply) {
        if !transaction.is_empty() || !synced {
            return self.submit_batch(transaction.into_batch(synced), reply);
        }
        let answer = |done: Result<()>| done.err().map(Settled::Failed).into_iter().collect();
        self.request(Request::Sync(Box::new(move |done| reply(answer(done)))));
    }

    /// Asks for everything handed over before to survive a power cut and to be where it belongs.
    pub fn flush(&self, reply: FlushReply) {
        self.request(Request::Flush(reply));
    }

    /// Whether another process committed what memory does not have. A few nanoseconds where it did not.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.shared.is_behind()
    }

    /// Asks for what other processes committed before to be in memory.
    pub fn catch_up(&self, reply: FlushReply) {
        self.request(Request::CatchUp(reply));
    }

    /// Makes a declaration the unique view of this id, for every opener, or lets the id have none. Whatever is handed over
    /// later is checked. Values that several documents have already are no failure: see [`Engine::duplicates`].
    pub fn define_unique(&self, id: String, declaration: Option<Declaration>, reply: DefineReply) {
        self.request(Request::Define(id, declaration.map(Box::new), reply));
    }

    /// Asks, for one who may change nothing, whether a declaration is the unique view of this id already, or the id has none:
    /// answered as [`define_unique`](Self::define_unique) is, and with `READ_ONLY` where that would have to be made so.
    pub fn compare_unique(&self, id: String, declaration: Option<Declaration>, reply: DefineReply) {
        self.request(Request::Compare(id, declaration.map(Box::new), reply));
    }

    /// Asks for the values that several documents have in the unique view of this id, as of what was handed over before;
    /// none where there is no such view.
    pub fn duplicates(&self, id: String, reply: DuplicatesReply) {
        self.request(Request::Duplicates(id, reply));
    }

    pub(super) fn request(&self, request: Request) {
        self.shared.request(request);
    }

    /// Begins a transaction at this moment of the store. O(1).
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn begin(&self) -> Result<Transaction> {
        self.snapshot().map(Transaction::new)
    }

    /// A key's document as of now. O(log n).
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn get(&self, key: &Key) -> Result<Option<Stored>> {
        Ok(self.shared.state.read().snapshot()?.get(key).cloned())
    }

    /// A document by the [bytes](Key::as_bytes) of its key. O(log n).
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn document(&self, key: &[u8]) -> Result<Option<Document>> {
        let state = self.shared.state.read();
        Ok(state.snapshot()?.documents().get(key).map(|stored| stored.document.clone()))
    }

    /// The counters by which a reader tells whether what it kept is still stored.
    #[must_use]
    pub fn generations(&self) -> &Generations {
        &self.shared.generations
    }

    /// Whether every write is answered only when it survives a power cut.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.shared.options.synced
    }

    /// This moment of the store. O(1).
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.shared.snapshot()
    }

    /// The sequence of this moment.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn sequence(&self) -> Result<Sequence> {
        Ok(self.shared.state.read().snapshot()?.position().sequence)
    }

    /// The documents of this moment, where all of these buckets still have these generations.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn snapshot_holding(&self, mut held: impl Iterator<Item = (u32, u32)>) -> Result<Option<Snapshot>> {
        let state = self.shared.state.read();
        let snapshot = state.snapshot()?;
        // Under the lock, so that all are of one moment.
        let holds = held.all(|(bucket, generation)| self.shared.generations.of(bucket) == generation);
        Ok(holds.then(|| snapshot.clone()))
    }

    /// Calls `act` where no document has changed since the moment of this sequence, and while none can.
    pub fn when_still_at(&self, sequence: Sequence, act: impl FnOnce(&Generations)) {
        let state = self.shared.state.read();
        if state.snapshot().is_ok_and(|now| now.position().sequence == sequence) {
            act(&self.shared.generations);
        }
    }

    /// The order of the keys.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn collation(&self) -> Result<Collation> {
        Ok(self.shared.state.read().snapshot()?.in_order().collation())
    }

    /// A declarative view, as long as anybody holds it: the one that there is, where its id and its declaration are the same.
    /// It is built when it is first wanted.
    #[must_use]
    pub fn declare(&self, id: &str, declaration: &Declaration) -> Arc<View> {
        self.shared.views.declare(id, declaration)
    }

    /// Lets go of a declarative view.
    pub fn undeclare(&self, view: Arc<View>) {
        // Dropping many rows takes a while.
        if Arc::strong_count(&view) == 1 && view.numbers().rows > MANY_ROWS {
            drop_aside(view);
        }
    }

    /// A declarative view at this moment: at once where that takes a moment only and `may_be_now`.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn read_view(&self, view: &Arc<View>, may_be_now: bool) -> Result<Answer<Reading, Awaited>> {
        self.shared.state.read().check()?;
        let reading = if may_be_now { view.near(&|| self.snapshot())? } else { None };
        Ok(match reading {
            Some(reading) => Answer::Now(reading),
            None => Answer::Later(Awaited::new(Arc::clone(view), Arc::clone(&self.shared))),
        })
    }

    /// A declarative view at this moment, however long that takes.
    ///
    /// # Errors
    ///
    /// `NOT_LOADED`, `CLOSED`.
    pub fn read_view_now(&self, view: &Arc<View>) -> Result<Reading> {
        view.now(&self.shared.workers, &|| self.snapshot())
    }

    /// How much the store holds, and how it is; holds nothing before the load and after the close.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (degraded, failure) = (self.shared.health.hindrance(), self.shared.health.failure());
        let closed = Stats { degraded, failure, ..Stats::default() };
        let views = self.shared.views.all().iter().map(|view| view.bytes()).sum();
        let state = self.shared.state.read();
        let Ok(snapshot) = state.snapshot().cloned() else { return closed };
        let keeper = state.keeper_stats();
        drop(state);
        Stats {
            documents: snapshot.documents().len(),
            text_bytes: snapshot.text_bytes(),
            memory: Memory { views, ..snapshot.memory() },
            position: snapshot.position(),
            keeper,
            ..closed
        }
    }

    /// Whether no load is under way and none has succeeded.
    pub(super) fn is_unloaded(&self) -> bool {
        matches!(self.shared.lifecycle.lock().phase, Phase::Unloaded(_))
    }

    /// Refuses what comes from now on, commits what was submitted, and gives the storage back. Reads end at once. Told
    /// is what could not be left in order, or why writes were refused; the same to whoever closes again.
    pub fn close(&self, reply: CloseReply) {
        self.shared.state.write().close();
        let worker = self.shared.workers.stop();
        let mut lifecycle = self.shared.lifecycle.lock();
        lifecycle.threads.extend(worker);
        let unloaded = lifecycle.close();
        if let Phase::Closed(outcome) = &lifecycle.phase {
            let outcome = outcome.clone();
            drop(lifecycle);
            drop(unloaded);
            reply(outcome);
        } else {
            lifecycle.closers.push(reply);
            drop(lifecycle);
            self.shared.queue.close();
        }
    }

    /// Ends the store without waiting for what was submitted: what the committer has begun is finished, the rest is
    /// answered `CLOSED`, and nothing is put in order. Gives the threads out that this takes; the second time there are
    /// none.
    pub fn abandon(&self) -> Ending {
        self.shared.state.write().close();
        for request in self.shared.queue.abandon() {
            request.refuse(&closed());
        }
        let worker = self.shared.workers.stop();
        let mut lifecycle = self.shared.lifecycle.lock();
        lifecycle.threads.extend(worker);
        let unloaded = lifecycle.close();
        let threads = mem::take(&mut lifecycle.threads);
        drop(lifecycle);
        drop(unloaded);
        Ending { threads }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.abandon().join();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
