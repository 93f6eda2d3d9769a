"""onnxruntime, told to keep what it does to itself. Imported by onnx_model in place of it.

Since 1.32 it writes a device id and events into the home folder, to be sent to its makers, unless the
environment says otherwise when it is imported: its own switch in the API comes too late.
"""

import os

os.putenv("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import Fail, RuntimeException

__all__ = ["Fail", "RuntimeException", "onnxruntime"]
