//! Lets the linker leave Node's symbols open where the platform needs telling.

fn main() {
    napi_build::setup();
}
