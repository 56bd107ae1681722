//! What a file says of modules: which it declares, what it imports, and which paths it names.

use crate::tokens::{Token, tokens};

/// What a path leads to from a module within the file: `scope` are the names of modules in braces
/// around it.
#[derive(Debug)]
pub struct Mention {
    pub scope: Vec<String>,
    pub path: Vec<String>,
    pub line: usize,
}

/// One name that an import brings; the last part of its path is `*` for all names.
#[derive(Debug)]
pub struct Import {
    pub name: String,
    pub mention: Mention,
    /// Whether others see the name as well.
    pub public: bool,
}

/// A file as far as this test looks at it.
#[derive(Debug, Default)]
pub struct Source {
    /// Modules in files of their own, each with the modules in braces around its declaration.
    pub children: Vec<(Vec<String>, String)>,
    /// Modules in braces, each behind those around it.
    pub inline: Vec<Vec<String>>,
    pub imports: Vec<Import>,
    /// Paths of two or more parts in code.
    pub paths: Vec<Mention>,
}

impl Source {
    /// Reads the text of a file.
    pub fn read(text: &str) -> Self {
        let tokens = tokens(text);
        let mut reader = Reader {
            tokens: &tokens,
            at: 0,
            scope: Vec::new(),
            source: Self::default(),
        };
        reader.read();
        reader.source
    }
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    /// Modules in braces around, with the depth of braces inside them.
    scope: Vec<(String, usize)>,
    source: Source,
}

impl Reader<'_> {
    fn text(&self, ahead: usize) -> &str {
        let token = self.tokens.get(self.at + ahead);
        token.map_or("", |token| token.text.as_str())
    }

    fn is_name(&self, ahead: usize) -> bool {
        let first = self.text(ahead).chars().next();
        first.is_some_and(|c| c.is_alphabetic() || c == '_')
    }

    fn modules(&self) -> Vec<String> {
        self.scope.iter().map(|(name, _)| name.clone()).collect()
    }

    fn read(&mut self) {
        let mut depth = 0;
        while self.at < self.tokens.len() {
            match (self.text(0), self.text(2)) {
                ("mod", ";") => {
                    let child = (self.modules(), self.text(1).to_owned());
                    self.source.children.push(child);
                    self.at += 3;
                }
                ("mod", "{") => {
                    depth += 1;
                    self.scope.push((self.text(1).to_owned(), depth));
                    self.source.inline.push(self.modules());
                    self.at += 3;
                }
                ("use", _) => {
                    let public = self.at > 0 && self.is_public();
                    self.at += 1;
                    self.tree(&[], public);
                }
                ("{", _) => {
                    depth += 1;
                    self.at += 1;
                }
                ("}", _) => {
                    self.scope.pop_if(|(_, inside)| *inside == depth);
                    depth -= 1;
                    self.at += 1;
                }
                _ if self.is_name(0) && self.text(1) == "::" => self.path(),
                _ => self.at += 1,
            }
        }
    }

    /// Whether `pub`, or `pub(…)`, stands before.
    fn is_public(&self) -> bool {
        let before = self.tokens[..self.at].iter().rev();
        let mut before = before.map(|token| token.text.as_str());
        match before.next() {
            Some(")") => {
                before.find(|text| *text == "(").and_then(|_| before.next()) == Some("pub")
            }
            text => text == Some("pub"),
        }
    }

    /// A path in code, up to its type arguments.
    fn path(&mut self) {
        let (start, line) = (self.at, self.tokens[self.at].line);
        let mut path = vec![self.text(0).to_owned()];
        self.at += 1;
        while self.text(0) == "::" && self.is_name(1) {
            path.push(self.text(1).to_owned());
            self.at += 2;
        }
        // A `::` or a `.` before it makes it a part of another one.
        let is_start = start == 0 || !["::", "."].contains(&self.tokens[start - 1].text.as_str());
        if is_start && path.len() > 1 {
            let scope = self.modules();
            self.source.paths.push(Mention { scope, path, line });
        }
    }

    /// One branch of an import, to behind the `,` or `;` that ends it.
    fn tree(&mut self, stem: &[String], public: bool) {
        let mut path = stem.to_vec();
        loop {
            let line = self.tokens.get(self.at).map_or(0, |token| token.line);
            match self.text(0) {
                "::" => {
                    // At the very start it names a crate, and so nothing here.
                    if path.is_empty() {
                        path.push("::".to_owned());
                    }
                    self.at += 1;
                }
                "{" => {
                    self.at += 1;
                    while !["}", ""].contains(&self.text(0)) {
                        self.tree(&path, public);
                        self.at += usize::from(self.text(0) == ",");
                    }
                    self.at += 1;
                    return;
                }
                "," | "}" | ";" | "" => return,
                part => {
                    let part = part.to_owned();
                    self.at += 1;
                    if part != "self" || path.is_empty() {
                        path.push(part);
                    }
                    if self.text(0) == "::" {
                        continue;
                    }
                    let mut name = path.last().cloned().unwrap_or_default();
                    if self.text(0) == "as" {
                        name = self.text(1).to_owned();
                        self.at += 2;
                    }
                    let scope = self.modules();
                    self.source.imports.push(Import {
                        name,
                        mention: Mention { scope, path, line },
                        public,
                    });
                    return;
                }
            }
        }
    }
}

#[test]
fn trees_of_imports_are_understood() {
    let source = Source::read(
        "pub(super) use crate::{a, b::{self, c as d}};\nuse super::e::*;\nmod f { pub mod g; use ::h::i; }",
    );
    let imports = source.imports.iter().map(|import| {
        let path = import.mention.path.join("::");
        (path, import.name.as_str(), import.public)
    });
    let expected = [
        ("crate::a", "a", true),
        ("crate::b", "b", true),
        ("crate::b::c", "d", true),
        ("super::e::*", "*", false),
        ("::::h::i", "i", false),
    ];
    assert!(imports.eq(expected.map(|(path, name, public)| (path.to_owned(), name, public))));
    assert_eq!(source.imports[3].mention.line, 2);
    assert_eq!(source.imports[4].mention.scope, ["f"]);
    assert_eq!(source.children, [(vec!["f".to_owned()], "g".to_owned())]);
}

#[test]
fn paths_in_code_are_found() {
    let source = Source::read("fn a() -> crate::b::C {\n    d::e::<f::G>().h::<I>()\n}");
    let paths = source.paths.iter().map(|it| (it.path.join("::"), it.line));
    let expected = [("crate::b::C", 1), ("d::e", 2), ("f::G", 2)];
    assert!(paths.eq(expected.map(|(path, line)| (path.to_owned(), line))));
}
