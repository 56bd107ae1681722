//! What README.md and docs say of `depixelate-train`.

use crate::helpers::assert_documents_fit;

#[test]
fn documents_name_commands_and_options_that_the_program_has() {
    assert_documents_fit("depixelate-train", env!("CARGO_BIN_EXE_depixelate-train"));
}
