"""A torch module as an ONNX graph: traced, halved in size, named, and held to 2-D operations.

TorchScript's tracer is used, not torch.export: on torch 2.13 it exports every network here in a tenth of the time
(0.3 s against 4 s), while torch.export failed on two of them. What a trace can get wrong, sizes that became constants,
is what the parity check of `training.export` looks for with other batch sizes. This module does not know files.
"""

from __future__ import annotations

import copy
import io
import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper, shape_inference
from torch import Tensor, nn

from mimica.errors import UsageError
from mimica.runtime.session import METADATA_PREFIX, SCHEMA

OPSET = 18
HALF_MIN_VALUES = 256
"""Smaller tensors and vectors (biases, means, scales) keep 32 bits: they cost nothing and carry units."""

Outputs = dict[str, Tensor]


class NamedOutputs(nn.Module):
    """`module` with inputs by position and outputs as a dict, whatever it returns."""

    def __init__(self, module: nn.Module, inputs: tuple[str, ...], output: str = "output") -> None:
        super().__init__()
        self.module, self.inputs, self.output = module, inputs, output

    def named(self, *values: Tensor) -> Outputs:
        result = self.module(**dict(zip(self.inputs, values, strict=True)))
        return result if isinstance(result, dict) else {self.output: result}

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.named(*values).values())


def prepared(module: nn.Module, examples: Mapping[str, Tensor], output: str = "output") -> NamedOutputs:
    """A copy of `module` on the CPU in float32 and eval mode, ready to trace and to compare with."""
    own = copy.deepcopy(module).cpu().float().eval().requires_grad_(False)
    return NamedOutputs(own, tuple(examples), output).eval()


def trace(module: NamedOutputs, examples: Mapping[str, Tensor], dynamic_batch: bool = True) -> onnx.ModelProto:
    """Export to ONNX; with `dynamic_batch` the first axis of every input and output may have any length.

    Raises:
        UsageError: an operator of the module has no counterpart in ONNX.
    """
    with torch.no_grad():
        outputs = list(module.named(*examples.values()))
    names = [*examples, *outputs]
    target = io.BytesIO()
    axes = {name: {0: "batch"} for name in names} if dynamic_batch else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the tracer's doubts are settled by the parity check
        try:
            torch.onnx.export(
                module, tuple(examples.values()), target,  # pyright: ignore[reportArgumentType]
                dynamo=False, opset_version=OPSET, input_names=list(examples), output_names=outputs, dynamic_axes=axes,
            )  # fmt: skip
        except torch.onnx.errors.OnnxExporterError as error:
            raise UsageError(f"network: {str(error).splitlines()[0]}; rewrite that part of the module") from error
    model = onnx.load_from_string(target.getvalue())
    for node in model.graph.node:
        node.ClearField("doc_string")  # the tracer writes source paths of this machine there
    return model


def halve_weights(model: onnx.ModelProto) -> None:
    """Store matrices and kernels as float16, each followed by a Cast, in place.

    onnxruntime folds the casts when it opens the file, so that the CPU computes in float32 at full speed.
    """
    casts = []
    for initializer in model.graph.initializer:
        values = numpy_helper.to_array(initializer)
        if values.dtype != np.float32 or values.ndim < 2 or values.size < HALF_MIN_VALUES:
            continue
        if np.abs(values).max() > np.finfo(np.float16).max:
            continue
        name = initializer.name
        initializer.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
        casts.append(
            onnx.helper.make_node("Cast", [initializer.name], [name], f"{name}.cast", to=onnx.TensorProto.FLOAT)
        )
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)


def set_constants(model: onnx.ModelProto, name: str, constants: Mapping[str, Any]) -> None:
    """Write schema, name and constants (as JSON) into the metadata, in place; sorted: equal weights give equal files.

    Raises:
        UsageError: a constant is no JSON value or takes a reserved key.
    """
    reserved = {"schema": str(SCHEMA), "name": json.dumps(name)}
    if taken := reserved.keys() & constants.keys():
        raise UsageError(f"network {name}: constants may not be called {', '.join(sorted(taken))}")
    try:
        written = {key: json.dumps(value) for key, value in constants.items()}
    except TypeError as error:
        raise UsageError(f"network {name}: a constant is no JSON value ({error})") from error
    del model.metadata_props[:]
    for key, value in sorted((reserved | written).items()):
        model.metadata_props.add(key=METADATA_PREFIX + key, value=value)


def check_two_dimensional(model: onnx.ModelProto) -> None:
    """Refuse graphs that only large runtimes execute: tensors with over 4 axes, other operator sets (DESIGN §3).

    Raises:
        UsageError: names the tensors or operators.
    """
    foreign = sorted({node.domain for node in model.graph.node if node.domain not in ("", "ai.onnx")})
    if foreign:
        raise UsageError(f"network: operators outside the ONNX standard ({', '.join(foreign)}); rewrite the module")
    graph = shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    ranks = {
        info.name: len(info.type.tensor_type.shape.dim)
        for info in (*graph.value_info, *graph.input, *graph.output)
        if info.type.tensor_type.HasField("shape")
    }
    ranks |= {tensor.name: len(tensor.dims) for tensor in graph.initializer}
    for node in graph.node:  # an operator whose result shape is unknown still tells by its kernel
        for attribute in node.attribute:
            if attribute.name == "kernel_shape":
                ranks |= {name: len(attribute.ints) + 2 for name in node.output if name not in ranks}
    deep = sorted(name for name, rank in ranks.items() if rank > 4)
    if deep:
        raise UsageError(f"network: tensors with more than 4 axes ({', '.join(deep[:5])}); use 2-D operations only")
