//! The two networks as one ONNX model, run by ONNX Runtime.
