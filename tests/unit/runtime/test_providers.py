from __future__ import annotations

import os
from pathlib import Path

import onnxruntime
import pytest

from mimica.errors import DeviceError, UsageError
from mimica.runtime import providers


def built_with(monkeypatch: pytest.MonkeyPatch, *devices: str) -> None:
    names = [providers.PROVIDERS[device] for device in devices]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: names)


def test_auto_is_the_cpu_unless_an_accelerator_is_built_in(monkeypatch: pytest.MonkeyPatch) -> None:
    built_with(monkeypatch, "cpu")
    assert providers.resolve_device("auto") == "cpu"
    built_with(monkeypatch, "cpu", "coreml")
    assert providers.resolve_device("auto") == "coreml"
    built_with(monkeypatch, "cpu", "directml", "cuda")
    assert providers.candidate_devices("auto") == ("cuda", "directml", "cpu")
    assert providers.resolve_device("cpu") == "cpu"


@pytest.mark.parametrize("device", ["cuda", "coreml", "directml"])
def test_an_absent_device_is_an_error_that_names_the_remedy(device: str, monkeypatch: pytest.MonkeyPatch) -> None:
    built_with(monkeypatch, "cpu")
    with pytest.raises(DeviceError, match=f"device {device}: .*--device cpu"):
        providers.resolve_device(device)


def test_an_unknown_device_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'gpu': unknown; choose one of auto, cpu, cuda, coreml, directml"):
        providers.resolve_device("gpu")


def test_threads_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(providers.THREADS_VARIABLE, "3")
    assert providers.thread_count() == 3
    monkeypatch.delenv(providers.THREADS_VARIABLE)
    assert providers.thread_count() == providers.usable_cores()


@pytest.mark.parametrize("value", ["0", "-1", "two", "", "1.5"])
def test_a_wrong_number_of_threads_is_a_usage_error(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(providers.THREADS_VARIABLE, value)
    with pytest.raises(UsageError, match="MIMICA_THREADS"):
        providers.thread_count()


def fake_system(folder: Path, siblings: dict[int, str], quota: str | None) -> Path:
    for number, text in siblings.items():
        topology = folder / f"devices/system/cpu/cpu{number}/topology"
        topology.mkdir(parents=True)
        (topology / "thread_siblings_list").write_text(f"{text}\n")
    if quota is not None:
        (folder / "fs/cgroup").mkdir(parents=True)
        (folder / "fs/cgroup/cpu.max").write_text(quota)
    return folder


@pytest.mark.parametrize(
    ("quota", "expected"),
    [(None, 2), ("max 100000", 2), ("150000 100000", 2), ("50000 100000", 1), ("800000 100000", 2)],
)
def test_hyper_threads_and_quota(
    quota: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    system = fake_system(tmp_path, {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}, quota)
    assert providers.usable_cores(system) == expected


def test_cores_without_topology_count_each(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 5}, raising=False)
    assert providers.usable_cores(tmp_path) == 3


def test_systems_without_affinity_leave_it_to_onnxruntime(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert providers.usable_cores() == 0
