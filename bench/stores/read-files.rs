//! Lists a directory and reads its files in so many threads: the least that opening it can cost.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(directory), Some(threads)) = (arguments.next(), arguments.next()) else {
        return Err(io::Error::other("read-files DIRECTORY THREADS"));
    };
    let threads: usize = threads.parse().map_err(io::Error::other)?;
    let names = documents_in(&directory)?;
    let part = names.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let parts = names.chunks(part);
        let readers: Vec<_> = parts
            .map(|names| {
                scope.spawn({
                    let directory = Path::new(&directory);
                    move || read(directory, names)
                })
            })
            .collect();
        readers.into_iter().try_for_each(|reader| reader.join().map_err(|_| io::Error::other("a thread panicked"))?)
    })
}

fn documents_in(directory: &str) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if name.to_string_lossy().ends_with(".json") {
            names.push(name);
        }
    }
    Ok(names)
}

/// One read is enough for a file that is smaller than the buffer.
fn read(directory: &Path, names: &[OsString]) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    for name in names {
        let mut file = File::open(directory.join(name))?;
        while file.read(&mut buffer)? == buffer.len() {}
    }
    Ok(())
}
