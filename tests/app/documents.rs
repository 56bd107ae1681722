//! What README.md and docs say of `depixelate`.

use crate::helpers::{Call, assert_documents_fit, calls};

#[test]
fn documents_name_options_that_the_program_has() {
    assert_documents_fit("depixelate", env!("CARGO_BIN_EXE_depixelate"));
}

#[test]
fn calls_are_found_in_blocks_and_in_prose() {
    let text = "
Text with `path/tool do --one=1` and `do --two`, but neither `do` nor `other --three`.

```sh
tool do this --four FILE [--five \\
  --six] | other --seven   # --eight
```
";
    let call = |subcommands: &[&str], options: &[&str]| Call {
        subcommands: subcommands.iter().map(|&name| name.to_owned()).collect(),
        options: options.iter().map(|&name| name.to_owned()).collect(),
    };
    let expected = [
        call(&["do", "this"], &["--four", "--five", "--six"]),
        call(&["do"], &["--one"]),
        call(&["do"], &["--two"]),
    ];
    assert_eq!(calls(text, "tool", &["do".to_owned()]), expected);
}
