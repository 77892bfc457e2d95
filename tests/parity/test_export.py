"""What is written computes what was trained, and what would not is not written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch import Tensor, nn

from mimica.errors import OutputError, UsageError
from mimica.networks.layers import Residual, conv, normalise_image
from mimica.runtime.session import OnnxNetwork
from mimica.runtime.weights import load_network, read_registry
from mimica.training.export import ParityError, Provenance, export
from mimica.training.onnx_graph import check_two_dimensional, halve_weights, prepared, set_constants, trace

NOBODY = Provenance("nobody", metrics={"error": 0.123456789})


class PictureNet(nn.Module):
    """A bit of everything that the networks are made of: normalisation, batch norm, grid sampling, resizing."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(conv(3, 16, 2), Residual(16), nn.Dropout(0.5))
        self.code = nn.Linear(4, 16)

    def forward(self, image: Tensor, code: Tensor) -> dict[str, Tensor]:
        features = self.trunk(normalise_image(image)) + self.code(code)[:, :, None, None]
        line = torch.linspace(-0.8, 0.9, 8)
        grid = torch.stack([line[None, :].expand(8, 8), line[:, None].expand(8, 8)], -1) + code[:, None, None, :2] / 9
        sampled = nn.functional.grid_sample(features, grid, padding_mode="border", align_corners=False)
        large = nn.functional.interpolate(sampled, scale_factor=2.0, mode="bilinear", align_corners=False)
        return {"map": torch.sigmoid(large[:, :3]), "mean": features.mean((2, 3))}


EXAMPLES = {"image": torch.tensor([0, 255], dtype=torch.uint8).repeat(2 * 16 * 16 * 3).view(4, 16, 16, 3)[:2],
            "code": torch.linspace(-1, 1, 8).view(2, 4)}  # fmt: skip


@pytest.fixture
def net() -> PictureNet:
    torch.manual_seed(0)
    net = PictureNet()
    net(torch.rand(8, 16, 16, 3) * 255, torch.randn(8, 4))  # batch norm sees something
    return net


def test_the_file_computes_what_the_module_does(net: PictureNet, tmp_path: Path) -> None:
    for fp16, tolerance in ((False, 1e-5), (True, 5e-3)):
        entry = export(
            net, EXAMPLES, name="net", constants={"px": 16}, provenance=NOBODY, folder=tmp_path, fp16=fp16
        )  # fmt: skip
        network = load_network("net", "cpu", threads=1, folder=tmp_path)
        assert network.constant("px") == 16
        assert entry.metrics == {"error": 0.123457}
        for count in (1, 3, 5):
            image = torch.randint(0, 256, (count, 16, 16, 3), dtype=torch.uint8)
            code = torch.randn(count, 4)
            given = network.run({"image": image.numpy(), "code": code.numpy()})
            net.eval()
            expected = net(image, code)
            net.train()
            assert given.keys() == expected.keys()
            for name, value in expected.items():
                assert np.allclose(given[name], value.detach().numpy(), atol=tolerance), name
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["net.onnx", "weights.json"]


def test_16_bit_storage_is_half_the_size_and_folds_away(tmp_path: Path) -> None:
    wide = nn.Sequential(nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 64))
    examples = {"input": torch.linspace(-1, 1, 128).view(2, 64)}
    large = export(wide, examples, name="large", constants={}, provenance=NOBODY, folder=tmp_path, fp16=False)
    small = export(wide, examples, name="small", constants={}, provenance=NOBODY, folder=tmp_path)
    assert small.bytes < 0.55 * large.bytes
    kinds = {tensor.data_type for tensor in onnx.load(tmp_path / "small.onnx").graph.initializer}
    assert onnx.TensorProto.FLOAT16 in kinds
    for spec in load_network("small", "cpu", threads=1, folder=tmp_path).inputs:
        assert spec.dtype == np.float32


def test_values_beyond_16_bits_stay_whole() -> None:
    layer = nn.Linear(64, 8)
    nn.init.constant_(layer.weight, 1e5)
    model = trace(prepared(layer, {"input": torch.ones(1, 64)}), {"input": torch.ones(1, 64)})
    before = model.SerializeToString()
    halve_weights(model)
    assert model.SerializeToString() == before


def test_equal_weights_give_equal_files_without_a_trace_of_this_machine(net: PictureNet, tmp_path: Path) -> None:
    one, two = (
        export(
            net, EXAMPLES, name="net", constants={"b": 1, "a": [2]}, provenance=NOBODY, folder=tmp_path / str(number)
        )
        for number in range(2)
    )
    assert one.sha256 == two.sha256
    assert str(Path.cwd()).encode() not in (tmp_path / "0" / "net.onnx").read_bytes()
    assert str(Path.home()).encode() + b"/" not in (tmp_path / "0" / "net.onnx").read_bytes()


class FixedBatch(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        ones = torch.ones(len(image), 1)  # becomes a constant in the trace
        return torch.cat([image, ones], 1)


class Noisy(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return image + torch.rand_like(image)


@pytest.mark.parametrize(
    ("module", "message"), [(FixedBatch(), "fails at batch size 1"), (Noisy(), "differs from torch by")]
)
def test_what_differs_is_not_written(module: nn.Module, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParityError, match=message):
        export(
            module, {"image": torch.rand(2, 3)}, name="bad", constants={}, provenance=NOBODY, folder=tmp_path
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_a_failed_export_leaves_the_old_weights(tmp_path: Path) -> None:
    image = {"image": torch.rand(2, 3)}
    good = export(nn.Identity(), {"input": torch.rand(2, 3)}, name="net", constants={}, provenance=NOBODY,
                  folder=tmp_path)  # fmt: skip
    with pytest.raises(ParityError):
        export(Noisy(), image, name="net", constants={}, provenance=NOBODY, folder=tmp_path)
    assert read_registry(tmp_path) == {"net": good}
    load_network("net", "cpu", threads=1, folder=tmp_path)


def test_a_fixed_batch_can_be_asked_for(tmp_path: Path) -> None:
    export(
        FixedBatch(), {"image": torch.rand(2, 3)}, name="fixed", constants={}, provenance=NOBODY, folder=tmp_path,
        dynamic_batch=False,
    )  # fmt: skip
    assert load_network("fixed", "cpu", threads=1, folder=tmp_path).inputs[0].shape == (2, 3)


class Volume(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return image.view(-1, 2, 2, 2, 2).permute(0, 4, 3, 2, 1).reshape(-1, 16)


class Convolution3d(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.volume = nn.Conv3d(1, 1, 1)

    def forward(self, image: Tensor) -> Tensor:
        return self.volume(image)


@pytest.mark.parametrize(("module", "shape"), [(Volume(), (2, 16)), (Convolution3d(), (2, 1, 2, 2, 2))])
def test_more_than_four_axes_are_refused(module: nn.Module, shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="more than 4 axes"):
        export(module, {"image": torch.rand(shape)}, name="volume", constants={}, provenance=NOBODY, folder=tmp_path)


class Twisted(nn.Module):
    def forward(self, image: Tensor) -> Tensor:
        return nn.functional.affine_grid(image, [image.shape[0], 1, 2, 2], align_corners=False)


def test_operators_without_counterpart_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"affine_grid.*rewrite that part"):
        export(Twisted(), {"image": torch.rand(2, 2, 3)}, name="net", constants={}, provenance=NOBODY, folder=tmp_path)


def test_operators_outside_the_standard_are_refused() -> None:
    model = trace(prepared(nn.Identity(), {"input": torch.rand(2, 3)}), {"input": torch.rand(2, 3)})
    model.graph.node.append(onnx.helper.make_node("FusedGelu", ["input"], ["x"], domain="com.microsoft"))
    with pytest.raises(UsageError, match=r"outside the ONNX standard \(com\.microsoft\)"):
        check_two_dimensional(model)


def test_wrong_constants_are_refused() -> None:
    model = trace(prepared(nn.Identity(), {"input": torch.rand(2, 3)}), {"input": torch.rand(2, 3)})
    with pytest.raises(UsageError, match="may not be called schema"):
        set_constants(model, "net", {"schema": 2})
    with pytest.raises(UsageError, match="no JSON value"):
        set_constants(model, "net", {"mean": np.zeros(3)})
    set_constants(model, "net", {"names": ("a", "b")})
    network = OnnxNetwork(model.SerializeToString(), device="cpu", threads=1)
    assert network.metadata == {"mimica.schema": "1", "mimica.name": '"net"', "mimica.names": '["a", "b"]'}
    assert network.constant("names") == json.loads('["a", "b"]')


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        export(
            nn.Identity(), {"input": torch.rand(2, 3)}, name="net", constants={}, provenance=NOBODY,
            folder=tmp_path / "file",
        )  # fmt: skip
