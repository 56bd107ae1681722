//! Well-formed inputs for each target.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};

use crate::helpers::{Tiny, endless_model, face, tiny_metadata, tiny_model, tiny_model_with};
use gstdepixelate::cascade::ModelMetadata;

pub fn models() -> Vec<Vec<u8>> {
    let open = ModelMetadata {
        multiple: Some(4),
        scale: 2,
        ..tiny_metadata(16)
    };
    vec![
        tiny_model(16, Tiny::Identity),
        tiny_model(16, Tiny::Color([0.0, 0.5, 1.0])),
        tiny_model_with(&open, Tiny::Scaled(0.5)),
        endless_model(16),
    ]
}

pub fn descriptions() -> Vec<Vec<u8>> {
    let texts = [
        "size = 32\nscale = 1\nrange = \"0..1\"\ncolor = \"RGB\"\nmargin = 1.3\nblocks = \"4..16\"\n\
         trained-on = \"faces\"\nlicense = \"CC0-1.0\"\n",
        "size = 32\nscale = 1\nrange = \"-1..1\"\ncolor = \"BGR\"\nmargin = 1.5\nblocks = \"2..16\"\n\
         mosaic = \"bicubic\"\ntrained-on = \"faces\"\nlicense = \"MIT\"\ninput = \"pixelated\"\n\
         output = \"restored\"\nmultiple = 4\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

pub fn cues() -> Vec<Vec<u8>> {
    let texts = [
        "start,end,x,y,width,height,id,kind\n0,1.5,10,20,64,64,1,restore\n2,00:00:03.5,30,20,64,64,1,exclude\n",
        "TITLE: talk\nFCM: NON-DROP FRAME\n\n001  BL  V  C  00:00:00:00 00:00:01:00 01:00:00:00 01:00:01:00\n\
         * LOC: 00:00:04:12 RED FACE\n |C:ResolveColorRed |M:Marker 3 |D:1\n",
        r#"{"OTIO_SCHEMA":"Timeline.1","name":"t","tracks":{"OTIO_SCHEMA":"Stack.1","children":[
        {"OTIO_SCHEMA":"Track.1","kind":"Video","children":[{"OTIO_SCHEMA":"Clip.1","name":"a","source_range":
        {"OTIO_SCHEMA":"TimeRange.1","start_time":{"OTIO_SCHEMA":"RationalTime.1","rate":25,"value":0},"duration":
        {"OTIO_SCHEMA":"RationalTime.1","rate":25,"value":50}}}]}]}}"#,
        "start,end,name\n0,1,a\n00:00:10:00,00:00:12:00,b\n",
    ];
    let kinds = 0..24u8;
    let all = kinds.map(|kind| {
        let text = texts[usize::from(kind / 2 % 4)];
        [&[kind], text.as_bytes()].concat()
    });
    all.collect()
}

pub fn stills() -> Vec<Vec<u8>> {
    let picture = DynamicImage::ImageRgb8(face(1, 24));
    let formats = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Tiff,
    ];
    let encoded = formats.map(|format| {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    });
    encoded.to_vec()
}

pub fn caps() -> Vec<Vec<u8>> {
    let texts = [
        "video/x-raw, format=(string)I420, width=(int)320, height=(int)240, framerate=(fraction)25/1",
        "video/x-raw, format=(string)P010_10LE, width=(int)64, height=(int)48, framerate=(fraction)30000/1001, \
         colorimetry=(string)bt2100-pq, interlace-mode=(string)interleaved, field-order=(string)top-field-first",
        "video/x-raw(memory:SystemMemory), format=(string)RGBA, width=(int)1, height=(int)1, \
         pixel-aspect-ratio=(fraction)16/15, multiview-mode=(string)mono",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

pub fn structures() -> Vec<Vec<u8>> {
    let texts = [
        "restored-face, confidence=(double)0.9, method=(string)lattice, outline=(string)ellipse, \
         track-id=(uint)7, turn=(double)12.5, block-width=(double)8, block-height=(double)8, \
         phase-x=(double)1, phase-y=(double)2;",
        "details, block-width=(float)6.5, block-height=(float)7, phase-x=(float)0, phase-y=(float)0;",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}
