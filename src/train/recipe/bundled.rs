//! The recipes that come with the program.

/// The recipe of the bundled weights.
pub const BUNDLED: &str = include_str!("../../../recipes/default.toml");

/// The recipe `name` that comes with the program, for others to extend.
pub(super) fn bundled(name: &str) -> Option<&'static str> {
    Some(match name {
        "default.toml" => BUNDLED,
        "published.toml" => include_str!("../../../recipes/published.toml"),
        "bundled-1.toml" => include_str!("../../../recipes/bundled-1.toml"),
        "bundled-2.toml" => include_str!("../../../recipes/bundled-2.toml"),
        "bundled-4.toml" => include_str!("../../../recipes/bundled-4.toml"),
        "dcgan.toml" => include_str!("../../../recipes/dcgan.toml"),
        "esrgan.toml" => include_str!("../../../recipes/esrgan.toml"),
        "gpen.toml" => include_str!("../../../recipes/gpen.toml"),
        "gpen-prior.toml" => include_str!("../../../recipes/gpen-prior.toml"),
        "pix2pix.toml" => include_str!("../../../recipes/pix2pix.toml"),
        "pixelcyclegan.toml" => include_str!("../../../recipes/pixelcyclegan.toml"),
        "realesrgan.toml" => include_str!("../../../recipes/realesrgan.toml"),
        "realesrgan-small.toml" => include_str!("../../../recipes/realesrgan-small.toml"),
        "scgan.toml" => include_str!("../../../recipes/scgan.toml"),
        "srgan.toml" => include_str!("../../../recipes/srgan.toml"),
        "stylegan2.toml" => include_str!("../../../recipes/stylegan2.toml"),
        _ => return None,
    })
}
