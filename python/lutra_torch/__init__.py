"""Lookup layers for PyTorch: train them here, run them in the page with Lutra."""
from .convert import convert, convertible, remeasure
from .integer import QuantizedConv2d
from .layers import Geometry, LutConv2d, LutLinear
from .load import load_conversion
from .onnx_export import export_onnx

__all__ = ["Geometry", "LutConv2d", "LutLinear", "QuantizedConv2d", "convert", "convertible", "export_onnx", "load_conversion", "remeasure"]
