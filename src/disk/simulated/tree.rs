//! Files and folders as Linux has them, with its error numbers.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::errno::{EEXIST, EINVAL, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM};
use super::file::{Fate, File};
use super::names::{Change, Covers, Inode, Map, Names, Place};

/// The folder that is always there.
const ROOT: Inode = 0;

/// A call's answer, or the system's error number.
pub type Outcome<T> = Result<T, i32>;

#[derive(Clone, Debug)]
enum Node {
    Folder,
    File(File),
}

/// What a sync covers.
#[derive(Clone, Copy, Debug)]
pub enum Extent {
    /// A file's bytes and length.
    Data(Inode),
    /// The names in a folder.
    Names(Inode),
    /// All of both.
    Everything,
}

#[derive(Clone, Debug)]
pub struct Tree {
    names: Names,
    nodes: BTreeMap<Inode, Node>,
    next: Inode,
    appended: Option<Inode>,
}

impl Default for Tree {
    fn default() -> Self {
        let nodes = BTreeMap::from([(ROOT, Node::Folder)]);
        Self { names: Names::default(), nodes, next: ROOT + 1, appended: None }
    }
}

/// Looking.
impl Tree {
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What stands at a path; `None` where only its last name is missing.
    pub fn find(&self, path: &str) -> Outcome<Option<Inode>> {
        let mut found = Some(ROOT);
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let folder = self.folder(found.ok_or(ENOENT)?)?;
            found = self.names.at(&(folder, name.to_owned()));
        }
        Ok(found)
    }

    pub fn existing(&self, path: &str) -> Outcome<Inode> {
        self.find(path)?.ok_or(ENOENT)
    }

    pub fn is_folder(&self, inode: Inode) -> bool {
        matches!(self.nodes.get(&inode), Some(Node::Folder))
    }

    /// The same inode, if it is a folder.
    pub fn folder(&self, inode: Inode) -> Outcome<Inode> {
        if self.is_folder(inode) { Ok(inode) } else { Err(ENOTDIR) }
    }

    pub fn file(&self, inode: Inode) -> Outcome<&File> {
        match self.nodes.get(&inode) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(EISDIR),
        }
    }

    /// Every path and what is there, parents first.
    pub fn walk(&self) -> Vec<(String, Inode)> {
        let (mut found, mut folders) = (Vec::new(), vec![(String::new(), ROOT)]);
        while let Some((above, folder)) = folders.pop() {
            for (name, inode) in self.names.within(folder) {
                let path = format!("{above}{name}");
                if self.is_folder(inode) {
                    folders.push((format!("{path}/"), inode));
                }
                found.push((path, inode));
            }
        }
        found
    }

    /// The same number for trees that look the same.
    pub fn fingerprint(&self) -> u64 {
        let (mut hasher, mut seen) = (DefaultHasher::new(), HashMap::new());
        for (path, inode) in self.walk() {
            let order = seen.len();
            let first = seen.entry(inode).or_insert(order);
            (path, *first, self.file(inode).map(File::content)).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn place(&self, path: &str) -> Outcome<Place> {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() { Err(EINVAL) } else { Ok((self.folder(self.existing(above)?)?, name.to_owned())) }
    }

    /// A place where nothing is yet.
    fn free_place(&self, path: &str) -> Outcome<Place> {
        let place = self.place(path)?;
        if self.names.at(&place).is_some() { Err(EEXIST) } else { Ok(place) }
    }

    fn is_empty(&self, folder: Inode) -> bool {
        self.names.within(folder).next().is_none()
    }
}

/// Names.
impl Tree {
    pub fn make_folder(&mut self, path: &str) -> Outcome<()> {
        self.make(path, Node::Folder).map(drop)
    }

    pub fn create(&mut self, path: &str) -> Outcome<Inode> {
        self.make(path, Node::File(File::default()))
    }

    fn make(&mut self, path: &str, node: Node) -> Outcome<Inode> {
        let place = self.free_place(path)?;
        let inode = self.next;
        self.next += 1;
        self.nodes.insert(inode, node);
        self.names.change(Change::default().set(place, Some(inode)));
        Ok(inode)
    }

    pub fn remove(&mut self, path: &str) -> Outcome<()> {
        let place = self.place(path)?;
        self.file(self.names.at(&place).ok_or(ENOENT)?)?;
        self.names.change(Change::default().set(place, None));
        Ok(())
    }

    pub fn remove_folder(&mut self, path: &str) -> Outcome<()> {
        let place = self.place(path)?;
        let folder = self.folder(self.names.at(&place).ok_or(ENOENT)?)?;
        if !self.is_empty(folder) {
            return Err(ENOTEMPTY);
        }
        self.names.change(Change::default().set(place, None).emptied(Some(folder)));
        Ok(())
    }

    pub fn link(&mut self, file: &str, name: &str) -> Outcome<()> {
        let source = self.place(file)?;
        let inode = self.names.at(&source).ok_or(ENOENT)?;
        let place = self.free_place(name)?;
        self.file(inode).map_err(|_| EPERM)?;
        self.names.change(Change::default().set(place, Some(inode)).beside(source));
        Ok(())
    }

    pub fn rename(&mut self, from: &str, to: &str) -> Outcome<()> {
        let (source, target) = (self.place(from)?, self.place(to)?);
        let moved = self.names.at(&source).ok_or(ENOENT)?;
        self.check_not_within(moved, &target)?;
        let replaced = self.names.at(&target);
        if let Some(replaced) = replaced {
            self.check_not_within(replaced, &source).map_err(|_| ENOTEMPTY)?;
        }
        if replaced == Some(moved) {
            return Ok(());
        }
        let mut emptied = None;
        if let Some(replaced) = replaced {
            match (self.is_folder(moved), self.is_folder(replaced)) {
                (true, false) => return Err(ENOTDIR),
                (false, true) => return Err(EISDIR),
                (true, true) if !self.is_empty(replaced) => return Err(ENOTEMPTY),
                (true, true) => emptied = Some(replaced),
                (false, false) => {}
            }
        }
        self.names.change(Change::default().set(source, None).set(target, Some(moved)).emptied(emptied));
        Ok(())
    }

    pub fn rename_new(&mut self, from: &str, to: &str) -> Outcome<()> {
        let (source, target) = (self.place(from)?, self.place(to)?);
        self.names.at(&source).ok_or(ENOENT)?;
        match self.names.at(&target) {
            Some(_) => Err(EEXIST),
            None => self.rename(from, to),
        }
    }

    pub fn exchange(&mut self, a: &str, b: &str) -> Outcome<()> {
        let (first, second) = (self.place(a)?, self.place(b)?);
        let (one, other) = (self.names.at(&first).ok_or(ENOENT)?, self.names.at(&second).ok_or(ENOENT)?);
        self.check_not_within(one, &second)?;
        self.check_not_within(other, &first)?;
        if one != other {
            self.names.change(Change::default().set(first, Some(other)).set(second, Some(one)));
        }
        Ok(())
    }

    /// A folder cannot move into itself.
    fn check_not_within(&self, moved: Inode, target: &Place) -> Outcome<()> {
        let (mut folders, mut next) = (vec![moved], 0);
        while let Some(folder) = folders.get(next).copied().filter(|_| self.is_folder(moved)) {
            if folder == target.0 {
                return Err(EINVAL);
            }
            folders.extend(self.names.within(folder).map(|(_, inode)| inode).filter(|inode| self.is_folder(*inode)));
            next += 1;
        }
        Ok(())
    }
}

/// Bytes, and what becomes of all in a power cut.
impl Tree {
    pub fn write(&mut self, inode: Inode, bytes: &[u8], offset: usize) -> Outcome<()> {
        let file = self.file_mut(inode)?;
        let is_appended = offset > 0 && offset == file.content().len();
        file.write(bytes, offset);
        self.appended = if is_appended { Some(inode) } else { self.appended };
        Ok(())
    }

    pub fn truncate(&mut self, inode: Inode, length: usize) -> Outcome<()> {
        self.file_mut(inode).map(|file| file.truncate(length))
    }

    fn file_mut(&mut self, inode: Inode) -> Outcome<&mut File> {
        match self.nodes.get_mut(&inode) {
            Some(Node::File(file)) => Ok(file),
            _ => Err(EISDIR),
        }
    }

    pub fn sync(&mut self, extent: Extent) {
        self.settle(extent, File::sync, Names::sync);
    }

    /// A sync failed: what it covered is never synced, though it is still to be seen.
    pub fn lose(&mut self, extent: Extent) {
        self.settle(extent, File::lose, Names::lose);
    }

    fn settle(&mut self, extent: Extent, file: fn(&mut File), names: fn(&mut Names, &Covers<'_>)) {
        match extent {
            Extent::Data(inode) => drop(self.file_mut(inode).map(file)),
            Extent::Names(folder) => names(&mut self.names, &|change| change.is_in(folder)),
            Extent::Everything => {
                for node in self.nodes.values_mut() {
                    if let Node::File(content) = node {
                        file(content);
                    }
                }
                names(&mut self.names, &|_| true);
            }
        }
    }

    /// Makes a file with this content, and the folders above it, all durable; or changes the one that is there.
    pub fn put(&mut self, path: &str, bytes: &[u8]) -> Outcome<()> {
        for (end, _) in path.match_indices('/') {
            let above = path.get(..end).unwrap_or_default();
            if self.find(above)?.is_none() {
                self.make_folder(above)?;
            }
        }
        let inode = self.find(path)?.map_or_else(|| self.create(path), Ok)?;
        *self.file_mut(inode)? = File::settled(bytes.to_vec().into());
        let place = self.place(path)?;
        self.names.sync(&|change| change.places().any(|touched| *touched == place));
        Ok(())
    }

    /// The file that was appended to last, if not all of it is durable.
    pub fn log(&self) -> Option<(Inode, &File)> {
        let inode = self.appended?;
        self.file(inode).ok().filter(|file| !file.is_synced()).map(|file| (inode, file))
    }

    /// Whether a power cut would change nothing.
    pub fn is_synced(&self) -> bool {
        let synced = |node: &Node| !matches!(node, Node::File(file) if !file.is_synced());
        self.names.unsynced().next().is_none() && self.nodes.values().all(synced)
    }

    /// The tree with these names and, of the files that they reach, these contents: all durable.
    pub fn after_cut(&self, names: Map, fate: impl Fn(Inode) -> Fate) -> Self {
        let all = Names::settled(names);
        let mut after = Self { names: Names::default(), nodes: BTreeMap::new(), next: self.next, appended: None };
        let (mut reached, mut folders) = (Map::new(), vec![ROOT]);
        after.nodes.insert(ROOT, Node::Folder);
        while let Some(folder) = folders.pop() {
            for (name, inode) in all.within(folder) {
                reached.insert((folder, name.to_owned()), inode);
                match self.file(inode) {
                    Ok(file) => drop(after.nodes.insert(inode, Node::File(File::settled(file.after(fate(inode)))))),
                    Err(_) if after.nodes.insert(inode, Node::Folder).is_none() => folders.push(inode),
                    Err(_) => {}
                }
            }
        }
        after.names = Names::settled(reached);
        after
    }
}
