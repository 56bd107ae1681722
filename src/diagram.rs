//! Diagrams of curves, as SVG.

use std::collections::HashMap;

use anyhow::anyhow;
use plotters::prelude::*;

/// Size of one panel, pixels.
const PANEL: (u32, u32) = (920, 340);
/// Width of the legend on its right, and height of a line there, pixels.
const LEGEND: (u32, i32) = (200, 16);

/// A line of a panel.
pub struct Curve {
    /// Name in the legend; curves of the same name have the same colour on all panels.
    pub name: String,
    /// Points from left to right; those that are not finite are left out.
    pub points: Vec<(f64, f64)>,
}

/// Curves over one axis.
pub struct Panel {
    /// What is drawn.
    pub title: String,
    /// What the axes mean.
    pub axes: [&'static str; 2],
    /// The curves.
    pub curves: Vec<Curve>,
}

/// An SVG picture of the panels, one below the other.
pub(crate) fn diagram(panels: &[Panel]) -> anyhow::Result<String> {
    let mut svg = String::new();
    draw(&mut svg, panels).map_err(|error| anyhow!("a diagram cannot be drawn: {error}"))?;
    Ok(svg)
}

fn draw(svg: &mut String, panels: &[Panel]) -> Result<(), Box<dyn std::error::Error>> {
    let size = (PANEL.0, PANEL.1 * panels.len().max(1) as u32);
    let root = SVGBackend::with_string(svg, size).into_drawing_area();
    root.fill(&WHITE)?;
    let colours = colours(panels);
    let areas = root.split_evenly((panels.len().max(1), 1));
    for (area, panel) in areas.iter().zip(panels) {
        let (area, legend) = area.split_horizontally(PANEL.0 - LEGEND.0);
        let points = || {
            let all = panel.curves.iter().flat_map(|curve| &curve.points);
            all.filter(|(x, y)| x.is_finite() && y.is_finite())
        };
        let (left, right) = span(points().map(|point| point.0), 0.02);
        let (low, high) = span(points().map(|point| point.1), 0.05);
        let mut chart = ChartBuilder::on(&area)
            .caption(&panel.title, ("sans-serif", 16))
            .margin(8)
            .x_label_area_size(32)
            .y_label_area_size(56)
            .build_cartesian_2d(left..right, low..high)?;
        chart
            .configure_mesh()
            .x_desc(panel.axes[0])
            .y_desc(panel.axes[1])
            .light_line_style(WHITE)
            .draw()?;
        for (index, curve) in panel.curves.iter().enumerate() {
            let color = Palette99::pick(colours[curve.name.as_str()]).to_rgba();
            let finite = curve.points.iter().copied();
            let finite = finite.filter(|(x, y)| x.is_finite() && y.is_finite());
            chart.draw_series(LineSeries::new(finite, color.stroke_width(2)))?;
            let y = 40 + LEGEND.1 * index as i32;
            let line = [(0, y), (16, y)];
            legend.draw(&PathElement::new(line, color.stroke_width(2)))?;
            let name = Text::new(curve.name.clone(), (22, y - 6), ("sans-serif", 12));
            legend.draw(&name)?;
        }
    }
    root.present()?;
    Ok(())
}

/// Numbers of the curves' colours by their names: on each panel the first ones that are free.
fn colours(panels: &[Panel]) -> HashMap<&str, usize> {
    let mut colours: HashMap<&str, usize> = HashMap::new();
    for panel in panels {
        let names = || panel.curves.iter().map(|curve| curve.name.as_str());
        for name in names() {
            let taken: Vec<usize> = names().filter_map(|n| colours.get(n).copied()).collect();
            let free = (0..).find(|color| !taken.contains(color));
            colours.entry(name).or_insert(free.unwrap_or(0));
        }
    }
    colours
}

/// The least and the greatest value with some `room` around them, always apart: the library never
/// ends on a range that is empty or not finite.
fn span(values: impl Iterator<Item = f64>, room: f64) -> (f64, f64) {
    let ends = values.map(|value| (value, value));
    let (low, high) = ends
        .reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
        .unwrap_or((0.0, 1.0));
    let room = if low < high { room * (high - low) } else { 0.5 };
    (low - room, high + room)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_colour_and_others_take_the_first_free_one() {
        let panel = |names: &[&str]| Panel {
            title: String::new(),
            axes: ["", ""],
            curves: names
                .iter()
                .map(|name| Curve {
                    name: (*name).to_owned(),
                    points: Vec::new(),
                })
                .collect(),
        };
        let panels = [panel(&["a", "b"]), panel(&["c", "b", "d"])];
        let colours = colours(&panels);
        assert_eq!(["a", "b", "c", "d"].map(|name| colours[name]), [0, 1, 0, 2]);
    }

    #[test]
    fn curves_of_any_kind_are_drawn() {
        for points in [
            &[][..],
            &[(0.0, 1.0)],
            &[(5.0, 2.0), (9.0, 2.0)],
            &[(1.0, f64::INFINITY), (2.0, f64::NAN), (3.0, 1.0)],
        ] {
            let panel = || Panel {
                title: "a < b".to_owned(),
                axes: ["x", "y"],
                curves: vec![Curve {
                    name: "<one>".to_owned(),
                    points: points.to_vec(),
                }],
            };
            let svg = diagram(&[panel(), panel()]).unwrap();
            assert!(
                svg.contains("&lt;one&gt;") && !svg.contains("NaN"),
                "{points:?}"
            );
        }
    }
}
