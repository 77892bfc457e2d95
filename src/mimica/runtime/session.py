"""A network in onnxruntime with typed inputs and outputs. It does not know where weights come from: see `weights`.

onnxruntime's own constructor accepts and ignores misspelt options; here every option has a name and a type.
"""

# onnxruntime has no stubs: its values are typed where they leave these functions.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mimica.errors import DeviceError, WeightsError
from mimica.runtime.providers import PROVIDERS, candidate_devices, not_working, session_providers, thread_count

METADATA_PREFIX = "mimica."
SCHEMA = 1
"""Version of the contract between an exported file and this code: names and meaning of its metadata."""

Array = NDArray[Any]

_DTYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
    "tensor(bool)": np.bool_,
}


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Name, shape and element type of an input or output; None in `shape` is an axis of any length."""

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype[Any]

    def __str__(self) -> str:
        axes = ", ".join("any" if length is None else str(length) for length in self.shape)
        return f"{self.name} ({axes}) {self.dtype.name}"

    def accepts(self, array: Array) -> bool:
        return (
            array.dtype == self.dtype
            and array.ndim == len(self.shape)
            and all(want in (None, have) for want, have in zip(self.shape, array.shape, strict=True))
        )


class OnnxNetwork:
    """One network, ready to run. Safe to call from several threads at once."""

    def __init__(self, model: bytes | Path, *, device: str = "auto", threads: int | None = None) -> None:
        """Open `model`, an ONNX file or its bytes, on `device` (see `providers.DEVICES`).

        `threads` within one operator; None asks `providers.thread_count`.

        Raises:
            WeightsError: not a readable ONNX model of this schema.
            DeviceError: the device is absent or does not start.
            UsageError: no such device, or a wrong MIMICA_THREADS.
        """
        count = thread_count() if threads is None else threads
        self._session, self.device = _open(model, candidate_devices(device), count)
        session = self._session
        self.inputs: tuple[TensorSpec, ...] = tuple(_spec(node) for node in session.get_inputs())
        self.outputs: tuple[TensorSpec, ...] = tuple(_spec(node) for node in session.get_outputs())
        self.metadata: dict[str, str] = dict(session.get_modelmeta().custom_metadata_map)
        self._by_name = {spec.name: spec for spec in self.inputs}
        schema = self.metadata.get(f"{METADATA_PREFIX}schema")
        if schema != str(SCHEMA):
            raise WeightsError(
                f"{_label(model)}: the network has schema {schema}, this version of mimica reads {SCHEMA}; "
                f"install matching versions of mimica and its weights"
            )

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Outputs by name for `feeds`, one array for each of `inputs`.

        Raises:
            ValueError: a name, shape or element type is not what the network wants.
            DeviceError: the device fails while it computes (out of memory, driver).
        """
        if feeds.keys() != self._by_name.keys():
            raise ValueError(
                f"network wants inputs {', '.join(map(str, self.inputs))}; got {', '.join(feeds) or 'none'}"
            )
        for name, array in feeds.items():
            if not self._by_name[name].accepts(array):
                raise ValueError(
                    f"network wants {self._by_name[name]}; got {tuple(array.shape)} {np.dtype(array.dtype).name}"
                )
        names = [spec.name for spec in self.outputs]
        contiguous = {name: np.ascontiguousarray(array) for name, array in feeds.items()}
        try:
            values = self._session.run(names, contiguous)
        except Exception as error:  # onnxruntime's errors share no base class
            cause = " ".join(str(error).split())[:200]
            raise DeviceError(
                f"device {self.device}: the network failed ({cause}); free memory or use another device"
            ) from error
        return dict(zip(names, values, strict=True))

    def constant(self, key: str) -> Any:
        """The value that was stored at export under `key`, for example "crop_px" or "expression_names".

        Raises:
            WeightsError: the network carries no such constant.
        """
        text = self.metadata.get(METADATA_PREFIX + key)
        if text is None:
            raise WeightsError(f"network constant {key!r}: not in this file; install weights that match this mimica")
        try:
            return json.loads(text)
        except json.JSONDecodeError as error:
            raise WeightsError(
                f"network constant {key!r}: not readable ({error}); install the weights again"
            ) from error

    def require(self, constants: Mapping[str, Any]) -> None:
        """Check that the network was exported for the constants that the calling code works with.

        Tuples count as lists.

        Raises:
            WeightsError: one is absent or differs.
        """
        for key, wanted in constants.items():
            stored = self.constant(key)
            if stored != json.loads(json.dumps(wanted)):
                raise WeightsError(
                    f"network constant {key!r}: the weights have {stored}, this version of mimica wants {wanted}; "
                    f"install matching versions"
                )


def _open(model: bytes | Path, devices: tuple[str, ...], threads: int) -> tuple[Any, str]:
    """A session on the first of `devices` that starts, and that device; the last one's error when none does."""
    for device in devices[:-1]:
        with suppress(DeviceError):
            return _open_on(model, device, threads), device
    return _open_on(model, devices[-1], threads), devices[-1]


def _open_on(model: bytes | Path, device: str, threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # waiting threads would spin: twice the processor time of a small network, taken from whatever runs beside it
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # an arena keeps the most that a network ever needed: 66 MB of a film's peak, and no time is saved
    options.enable_cpu_mem_arena = options.enable_mem_pattern = False
    options.log_severity_level = 4  # errors arrive as exceptions
    source = model if isinstance(model, bytes) else str(model)
    try:
        session: Any = onnxruntime.InferenceSession(source, options, providers=session_providers(device))
    except Exception as error:  # onnxruntime's errors share no base class
        raise _opening_failed(error, _label(model), device) from error
    if PROVIDERS[device] not in session.get_providers():
        raise not_working(device, f"onnxruntime could not load {PROVIDERS[device]}")
    return session


def _label(model: bytes | Path) -> str:
    return "the given bytes" if isinstance(model, bytes) else str(model)


def _spec(node: Any) -> TensorSpec:
    if node.type not in _DTYPES:
        raise WeightsError(f"network tensor {node.name}: element type {node.type} is not supported; export it again")
    shape = tuple(length if isinstance(length, int) else None for length in node.shape)
    return TensorSpec(str(node.name), shape, np.dtype(_DTYPES[node.type]))


def _opening_failed(error: Exception, label: str, device: str) -> WeightsError | DeviceError:
    cause = " ".join(str(error).split())[:200]
    damaged = ("INVALID_PROTOBUF", "INVALID_GRAPH", "NO_SUCHFILE", "No graph was found", "FAIL : Load model")
    if device == "cpu" or any(word in str(error) for word in damaged):
        return WeightsError(f"{label}: onnxruntime cannot open it ({cause}); install the weights again")
    return not_working(device, cause)
