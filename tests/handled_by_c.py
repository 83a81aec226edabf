"""The beginning of a program in which C code around Python handles SIGTERM, and says so; for Linux."""

from __future__ import annotations

HANDLED_BY_C = """
import ctypes, signal, sys
told = ctypes.CFUNCTYPE(None, ctypes.c_int)(lambda number: print("C code was told"))
ctypes.CDLL(None).signal(signal.SIGTERM, told)
del sys.modules["_signal"]
import _signal  # looks again at what was set before Python began
assert signal.getsignal(signal.SIGTERM) is None
"""
