//! Just enough of the ONNX file format to write and read model files.
