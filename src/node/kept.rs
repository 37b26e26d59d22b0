//! Documents that JavaScript keeps: what it has to know of one, and how it asks whether that still holds.
//!
//! The question is asked at every read of a kept document, so it is a raw function that holds its counters itself and
//! goes through none of napi's conversions: that halves its price.

use std::ffi::{CStr, c_void};
use std::ptr;
use std::sync::Arc;

use napi::bindgen_prelude::{Array, Unknown};
use napi::{Env, Status, sys};
use napi_derive::napi;

use super::failure::{as_number, throw};
use super::store::store;
use super::text::Text;
use crate::engine::Generations;
use crate::key::Key;

const NAME: &CStr = c"generation";

/// `[text, sequence, bucket, generation]` of a document: kept as long as the bucket has that generation. `null` where there
/// is none.
#[napi(catch_unwind)]
pub fn entry(env: &Env, number: u32, key: String) -> napi::Result<Option<Array<'_>>> {
    let failed = |error| throw(env, &error);
    let key = Key::new(&key).map_err(failed)?;
    let engine = &store(env, number)?.engine;
    let bucket = Generations::bucket(&key);
    // First: a document that is newer than its count is read once more, one that is older would be kept.
    let generation = engine.generations().of(bucket);
    let Some(stored) = engine.get(&key).map_err(failed)? else { return Ok(None) };
    let mut entry = env.create_array(4)?;
    entry.set(0, Text(stored.document.text()))?;
    entry.set(1, as_number(stored.sequence))?;
    entry.set(2, bucket)?;
    entry.set(3, generation)?;
    Ok(Some(entry))
}

/// A function of a bucket that tells its generation, also when the store is closed.
#[napi(catch_unwind, ts_return_type = "(bucket: number) => number")]
pub fn generation_reader(env: &Env, number: u32) -> napi::Result<Unknown<'_>> {
    reader(env, store(env, number)?.engine.generations())
}

#[expect(unsafe_code, reason = "napi's own functions cost twice as much a call")]
fn reader(env: &Env, counters: Arc<Generations>) -> napi::Result<Unknown<'_>> {
    let (name, length) = (NAME.as_ptr(), NAME.to_bytes().len().cast_signed());
    let counters = Arc::into_raw(counters).cast_mut();
    let mut function = ptr::null_mut();
    // SAFETY: `counters` stays alive until the function is collected, which calls `release` once; the other pointers are
    // to a local and a static, and are not kept.
    unsafe {
        let data = counters.cast::<c_void>();
        let made = sys::napi_create_function(env.raw(), name, length, Some(generation), data, &raw mut function);
        if made != sys::Status::napi_ok {
            drop(Arc::from_raw(counters));
            return Err(napi::Error::new(Status::from(made), "no function can be made"));
        }
        let (hint, reference) = (ptr::null_mut(), ptr::null_mut());
        let watched = sys::napi_add_finalizer(env.raw(), function, data, Some(release), hint, reference);
        if watched != sys::Status::napi_ok {
            // The counters leak, rather than be gone under the function.
            return Err(napi::Error::new(Status::from(watched), "a function cannot be watched"));
        }
        Ok(Unknown::from_raw_unchecked(env.raw(), function))
    }
}

/// The function itself: no borrow, no lock, no allocation, and nothing that could panic.
#[expect(unsafe_code, reason = "called by JavaScript")]
unsafe extern "C" fn generation(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut count, mut argument, mut counters, mut bucket) = (1, ptr::null_mut(), ptr::null_mut(), u32::MAX);
    let mut told = ptr::null_mut();
    // SAFETY: Node calls this with a valid environment and the data given when the function was made, which lives as
    // long as the function. A bucket that is no number stays one that does not exist.
    unsafe {
        sys::napi_get_cb_info(env, info, &raw mut count, &raw mut argument, ptr::null_mut(), &raw mut counters);
        sys::napi_get_value_uint32(env, argument, &raw mut bucket);
        let generation = counters.cast::<Generations>().as_ref().map_or(0, |counters| counters.of(bucket));
        sys::napi_create_uint32(env, generation, &raw mut told);
    }
    told
}

#[expect(unsafe_code, reason = "called by the garbage collector")]
unsafe extern "C" fn release(_: sys::napi_env, counters: *mut c_void, _: *mut c_void) {
    // SAFETY: made by `Arc::into_raw`, and released only here, once.
    drop(unsafe { Arc::from_raw(counters.cast::<Generations>()) });
}
