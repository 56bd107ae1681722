//! The kinds of cases.

use crate::evaluate::codec::Codec;

/// Form of a mosaic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shape {
    /// All of its box.
    Rectangle,
    /// The ellipse in its box, with an edge so many pixels soft.
    Ellipse(f32),
    /// All of its box, of hexagons: to be left alone.
    Hexagons,
}

/// Cases of one kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    /// What they are.
    pub name: &'static str,
    /// Least and greatest side of a block as it was drawn, pixels; None for scenes without mosaic.
    pub blocks: Option<[f64; 2]>,
    /// Scaled by 0.5 to 1.5 after pixelation.
    pub scaled: bool,
    /// Form of the mosaics.
    pub shape: Shape,
    /// Degrees by which the film is turned afterwards, from and to, either way.
    pub turned: Option<[f32; 2]>,
    /// Noise over the finished picture, standard deviation in grey levels.
    pub grain: f32,
    /// What happens last.
    pub codec: Codec,
}

const PLAIN: Group = Group {
    name: "uncompressed, blocks 4–48",
    blocks: Some([4.0, 48.0]),
    scaled: false,
    shape: Shape::Rectangle,
    turned: None,
    grain: 0.0,
    codec: Codec::None,
};

/// Scenes without a mosaic.
const CLEAN: Group = Group {
    name: "clean, uncompressed",
    blocks: None,
    ..PLAIN
};

/// Every kind, those with mosaics first.
pub(crate) const GROUPS: [Group; 26] = [
    PLAIN,
    coded("H.264 CRF 18, blocks 6–48", 6.0, Codec::H264(18)),
    coded("H.264 CRF 20, blocks 6–48", 6.0, Codec::H264(20)),
    coded("H.264 CRF 23, blocks 6–48", 6.0, Codec::H264(23)),
    coded("H.264 CRF 28, blocks 8–48", 8.0, Codec::H264(28)),
    coded("HEVC CRF 24, blocks 6–48", 6.0, Codec::Hevc(24)),
    coded("Motion JPEG quality 75, blocks 6–48", 6.0, Codec::Jpeg(75)),
    Group {
        name: "scaled by 0.5–1.5, uncompressed",
        blocks: Some([6.0, 32.0]),
        scaled: true,
        ..PLAIN
    },
    Group {
        name: "scaled by 0.5–1.5, H.264 CRF 20",
        blocks: Some([6.0, 32.0]),
        scaled: true,
        codec: Codec::H264(20),
        ..PLAIN
    },
    Group {
        name: "ellipses, H.264 CRF 20",
        shape: Shape::Ellipse(0.0),
        ..coded("", 6.0, Codec::H264(20))
    },
    Group {
        name: "ellipses with edges of 6 px, H.264 CRF 20",
        shape: Shape::Ellipse(6.0),
        ..coded("", 6.0, Codec::H264(20))
    },
    grained(
        "grain of σ = 3, uncompressed, blocks 8–48",
        3.0,
        Codec::None,
    ),
    grained(
        "grain of σ = 3, H.264 CRF 20, blocks 8–48",
        3.0,
        Codec::H264(20),
    ),
    grained(
        "grain of σ = 6, H.264 CRF 20, blocks 8–48",
        6.0,
        Codec::H264(20),
    ),
    Group {
        name: "turned by 0.5–5°, H.264 CRF 20, blocks 8–48",
        turned: Some([0.5, 5.0]),
        ..coded("", 8.0, Codec::H264(20))
    },
    Group {
        name: "turned by 12–45°, to be left alone",
        turned: Some([12.0, 45.0]),
        ..coded("", 8.0, Codec::H264(20))
    },
    Group {
        name: "hexagons, to be left alone",
        shape: Shape::Hexagons,
        ..coded("", 8.0, Codec::H264(20))
    },
    CLEAN,
    Group {
        name: "clean, grain of σ = 6",
        grain: 6.0,
        ..CLEAN
    },
    Group {
        name: "clean, grain of σ = 6, H.264 CRF 20",
        grain: 6.0,
        codec: Codec::H264(20),
        ..CLEAN
    },
    clean("clean, H.264 CRF 18", Codec::H264(18)),
    clean("clean, H.264 CRF 28", Codec::H264(28)),
    clean("clean, H.264 CRF 40", Codec::H264(40)),
    clean(
        "clean, H.264 without loop filter, CRF 35",
        Codec::H264Fast(35),
    ),
    clean("clean, HEVC CRF 37", Codec::Hevc(37)),
    clean("clean, Motion JPEG quality 20", Codec::Jpeg(20)),
];

const fn coded(name: &'static str, least: f64, codec: Codec) -> Group {
    Group {
        name,
        blocks: Some([least, 48.0]),
        codec,
        ..PLAIN
    }
}

const fn grained(name: &'static str, grain: f32, codec: Codec) -> Group {
    Group {
        grain,
        ..coded(name, 8.0, codec)
    }
}

const fn clean(name: &'static str, codec: Codec) -> Group {
    Group {
        name,
        codec,
        ..CLEAN
    }
}
