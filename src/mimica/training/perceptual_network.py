"""Make the ONNX file that `mimica evaluate --perceptual` reads, from SqueezeNet's weights.

    python -m mimica.training.perceptual_network squeezenet11.safetensors -o squeezenet.onnx

The file takes pictures of any size and is written only after onnxruntime has given torch's numbers at two sizes.
This module does not know what the features are compared for.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from mimica.errors import OutputError, WeightsError
from mimica.networks.squeezenet import NAME, SqueezeNet
from mimica.training.export import check_parity
from mimica.training.onnx_graph import check_two_dimensional, halve_weights, prepared, set_constants, trace

EXAMPLE_PX, OTHER_PX = (96, 128), (75, 61)
TOLERANCE = 2e-2


def write_perceptual_network(tensors: Mapping[str, Tensor], path: Path, name: str = NAME) -> None:
    """Write `path` from SqueezeNet's tensors by Caffe's names.

    Raises:
        WeightsError: a tensor is missing or has another shape.
        ParityError: onnxruntime computes something else.
        OutputError: the file cannot be written.
    """
    try:
        network = SqueezeNet.from_tensors(tensors)
    except RuntimeError as error:
        raise WeightsError(
            f"SqueezeNet: {' '.join(str(error).split())[:200]}; give the weights of version 1.1"
        ) from error
    generator = torch.Generator().manual_seed(0)
    example, other = (
        {"image": torch.randint(0, 256, (1, *size, 3), generator=generator, dtype=torch.uint8)}
        for size in (EXAMPLE_PX, OTHER_PX)
    )
    own = prepared(network, example)
    model = trace(own, example, dynamic_batch=False)
    check_two_dimensional(model)
    for value in (*model.graph.input, *model.graph.output):  # convolutions and pools take any height and width
        rows, columns = (1, 2) if value.name == "image" else (2, 3)
        for axis, side in ((rows, "height"), (columns, "width")):
            value.type.tensor_type.shape.dim[axis].dim_param = f"{side} of {value.name}"
    del model.graph.value_info[:]
    set_constants(model, "perceptual", {"perceptual_name": name})
    halve_weights(model)
    content = model.SerializeToString(deterministic=True)
    for inputs in (example, other):
        check_parity(own, content, inputs, [1], TOLERANCE, "perceptual network")
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        raise OutputError(f"{path}: cannot be written ({error.strerror}); choose another folder") from error


def main(argv: list[str] | None = None) -> None:
    """Convert a safetensors file."""
    from safetensors.torch import load_file

    parser = argparse.ArgumentParser(
        prog="python -m mimica.training.perceptual_network", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("weights", type=Path, help="SqueezeNet 1.1 as safetensors, Caffe's names")
    parser.add_argument("-o", "--out", type=Path, required=True)
    options = parser.parse_args(argv)
    write_perceptual_network(load_file(options.weights), options.out)
    print(options.out)


if __name__ == "__main__":
    main()
