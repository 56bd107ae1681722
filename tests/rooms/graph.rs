//! Which file uses which.
//!
//! A use is an edge to the file that **defines** what is used: whoever takes `Region` through the
//! door of `detect` uses the file in which `Region` stands, and not `detect/mod.rs`. So these are
//! no edges:
//!
//! - `mod child;`
//! - `pub use child::Item;` of something below: a door
//! - `use super::sibling;`: what is then used of `sibling` is

use crate::source::{Mention, Source};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::{Path, PathBuf};

/// The library's own name, as the programs know it.
const LIBRARY: &str = "gstdepixelate";

/// Names of modules, from the root on. A program's begin with a name that no module has.
type Module = Vec<String>;

/// One use of another file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// From here, relative to the folder of sources, with `/`.
    pub from: String,
    pub to: String,
    pub line: usize,
    /// By what, as it is written.
    pub item: String,
}

/// Files, and what they say.
pub struct Graph {
    files: BTreeMap<String, (Module, Source)>,
    /// The file of each module, those in braces as well.
    modules: BTreeMap<Module, String>,
}

impl Graph {
    /// Reads all modules of the library and of the programs in `folder`.
    pub fn read(folder: &Path) -> Self {
        let mut graph = Self {
            files: BTreeMap::new(),
            modules: BTreeMap::new(),
        };
        graph.add(folder, "lib.rs".into(), Vec::new());
        for program in std::fs::read_dir(folder.join("bin")).unwrap() {
            let name = program.unwrap().file_name().into_string().unwrap();
            graph.add(folder, format!("bin/{name}"), vec![format!("bin {name}")]);
        }
        graph
    }

    /// The files that were read.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    fn add(&mut self, folder: &Path, file: String, module: Module) {
        let text = std::fs::read_to_string(folder.join(&file)).unwrap();
        let source = Source::read(&text);
        let path = Path::new(&file);
        let stem = path.file_stem().unwrap_or_default();
        let is_root = ["lib", "mod"].iter().any(|root| stem == *root) || file.starts_with("bin/");
        let beside = match is_root {
            true => path.with_file_name(""),
            false => path.with_extension(""),
        };
        self.modules.insert(module.clone(), file.clone());
        for inline in &source.inline {
            let inner = [module.clone(), inline.clone()].concat();
            self.modules.insert(inner, file.clone());
        }
        for (scope, name) in &source.children {
            let below = scope
                .iter()
                .fold(beside.clone(), |path, part| path.join(part));
            let candidates = [
                below.join(format!("{name}.rs")),
                below.join(name).join("mod.rs"),
            ];
            let found = candidates.iter().find(|path| folder.join(path).is_file());
            let found = found.unwrap_or_else(|| panic!("{file}: no file of its module {name}"));
            let mut child = [module.clone(), scope.clone()].concat();
            child.push(name.clone());
            self.add(folder, with_slashes(found), child);
        }
        self.files.insert(file, (module, source));
    }

    /// The first use of each file by each other, in order.
    pub fn uses(&self) -> Vec<Use> {
        let mut uses = BTreeSet::new();
        for (file, (module, source)) in &self.files {
            let imports = source.imports.iter();
            // What is below is offered, not used.
            let is_door = |to: &str| {
                let own = &self.files[to].0;
                own.len() > module.len() && own.starts_with(module)
            };
            let imports = imports.filter_map(|import| {
                let to = self.file_of(module, &import.mention)?;
                (!import.public || !is_door(to)).then_some((&import.mention, to))
            });
            let paths = source.paths.iter();
            let paths = paths.filter_map(|path| Some((path, self.file_of(module, path)?)));
            let others = imports.chain(paths).filter(|(_, to)| to != file);
            uses.extend(others.map(|(mention, to)| Use {
                from: file.clone(),
                to: to.to_owned(),
                line: mention.line,
                item: mention.path.join("::"),
            }));
        }
        let mut uses: Vec<Use> = uses.into_iter().collect();
        uses.dedup_by(|next, first| (&next.from, &next.to) == (&first.from, &first.to));
        uses
    }

    /// The file that defines what `mention` names in a file's `module`; none if it is a module, or
    /// of another crate.
    fn file_of(&self, module: &Module, mention: &Mention) -> Option<&str> {
        let here = [module.clone(), mention.scope.clone()].concat();
        match self.resolve(&here, &mention.path, 0)? {
            Target::Item(file) => Some(file),
            Target::Module(_) => None,
        }
    }

    /// Where `path` leads to from `here`.
    fn resolve(&self, here: &Module, path: &[String], depth: usize) -> Option<Target<'_>> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.walk(&self.root(here), rest, depth),
            LIBRARY => self.walk(&Vec::new(), rest, depth),
            "self" => self.walk(here, rest, depth),
            "super" => {
                let mut above = here.clone();
                above.pop();
                match rest.first().is_some_and(|next| next == "super") {
                    true => self.resolve(&above, rest, depth),
                    false => self.walk(&above, rest, depth),
                }
            }
            // Any other name must be one that this module knows.
            _ if self.knows(here, first) => self.walk(here, path, depth),
            _ => None,
        }
    }

    fn walk(&self, module: &Module, path: &[String], depth: usize) -> Option<Target<'_>> {
        let file = self.modules.get(module)?;
        let Some((name, rest)) = path.split_first() else {
            return Some(Target::Module(module.clone()));
        };
        let child = [module.clone(), vec![name.clone()]].concat();
        let is_child = self.modules.contains_key(&child);
        // A module and what it defines often have one name; then the path's end means the latter.
        let import = (!is_child || rest.is_empty()).then(|| self.import(module, name));
        if let Some(mention) = import.flatten().filter(|_| depth < 16) {
            return match self.resolve(module, &mention.path, depth + 1)? {
                Target::Module(found) => self.walk(&found, rest, depth + 1),
                item => Some(item),
            };
        }
        match is_child {
            true => self.walk(&child, rest, depth),
            false => Some(Target::Item(file)),
        }
    }

    /// The import that brings `name` into `module`.
    fn import(&self, module: &Module, name: &str) -> Option<&Mention> {
        let (own, source) = &self.files[&self.modules[module]];
        let mut imports = source.imports.iter().filter(|it| it.name == name);
        let found = imports.find(|it| module[own.len()..] == it.mention.scope)?;
        Some(&found.mention)
    }

    fn knows(&self, module: &Module, name: &str) -> bool {
        let child = [module.clone(), vec![name.to_owned()]].concat();
        let imports_it = |mention: &Mention| mention.path.first().is_some_and(|it| it != name);
        self.modules.contains_key(&child) || self.import(module, name).is_some_and(imports_it)
    }

    fn root(&self, module: &Module) -> Module {
        let is_program = module.first().is_some_and(|name| name.starts_with("bin "));
        module[..usize::from(is_program)].to_vec()
    }
}

/// What a path leads to.
enum Target<'a> {
    Module(Module),
    /// Something else, in this file.
    Item(&'a str),
}

fn with_slashes(path: &Path) -> String {
    let parts: PathBuf = path.components().collect();
    parts.to_string_lossy().replace('\\', "/")
}

/// The circles: for each use that is part of one, the shortest.
pub fn circles(uses: &[Use]) -> BTreeSet<Vec<&Use>> {
    let mut next: BTreeMap<&str, Vec<&Use>> = BTreeMap::new();
    for it in uses {
        next.entry(&it.from).or_default().push(it);
    }
    let circles = uses.iter().filter_map(|it| {
        let mut circle = way(&it.to, &it.from, &next)?;
        circle.push(it);
        // It has no beginning; so that it is told once, the least is first.
        let least = circle.iter().enumerate().min_by_key(|(_, it)| **it)?.0;
        circle.rotate_left(least);
        Some(circle)
    });
    circles.collect()
}

/// The shortest way between two files.
fn way<'a>(
    from: &'a str,
    to: &str,
    next: &BTreeMap<&'a str, Vec<&'a Use>>,
) -> Option<Vec<&'a Use>> {
    let mut by: BTreeMap<&str, &Use> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(file) = open.pop_front() {
        for it in next.get(file).into_iter().flatten().copied() {
            if it.to != from && !by.contains_key(it.to.as_str()) {
                by.insert(&it.to, it);
                open.push_back(&it.to);
            }
        }
    }
    let mut way = vec![*by.get(to)?];
    while way[way.len() - 1].from != from {
        way.push(by[way[way.len() - 1].from.as_str()]);
    }
    way.reverse();
    Some(way)
}

#[test]
fn each_circle_is_told_once() {
    let edge = |(from, to): (&str, &str)| Use {
        from: from.into(),
        to: to.into(),
        line: 1,
        item: "it".into(),
    };
    let edges = [
        ("a", "b"),
        ("b", "c"),
        ("c", "a"),
        ("c", "d"),
        ("d", "c"),
        ("d", "e"),
        ("f", "a"),
    ];
    let uses = edges.map(edge);
    let circles = circles(&uses);
    let files: Vec<Vec<_>> = circles
        .iter()
        .map(|circle| circle.iter().map(|it| it.from.as_str()).collect())
        .collect();
    assert_eq!(files, [vec!["a", "b", "c"], vec!["c", "d"]]);
}
