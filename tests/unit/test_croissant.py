"""The data set's description (Croissant 1.0 with the RAI vocabulary) is whole and says what the shipped ledger says."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CROISSANT = ROOT / "docs" / "croissant.json"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return json.loads(CROISSANT.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ledger() -> list[dict[str, str]]:
    path = ROOT / "src" / "mimica" / "weights" / "ledger.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_what_croissant_requires(described: dict[str, Any]) -> None:
    assert described["@type"] == "sc:Dataset"
    assert described["conformsTo"] == [
        "http://mlcommons.org/croissant/1.0",
        "http://mlcommons.org/croissant/RAI/1.0",
    ]
    for name in ("@context", "name", "description", "license", "url", "creator", "datePublished", "version", "citeAs"):
        assert described[name], name
    for prefix in ("cr", "rai", "sc", "dct"):
        assert described["@context"][prefix].startswith("http")


def test_identifiers_are_unique_and_references_lead_somewhere(described: dict[str, Any]) -> None:
    nodes: list[dict[str, Any]] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            nodes.append(value)
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk({name: value for name, value in described.items() if name != "@context"})
    defined = [node["@id"] for node in nodes if "@id" in node and "@type" in node]
    assert len(defined) == len(set(defined))
    assert {node["@id"] for node in nodes if "@id" in node and "@type" not in node} <= set(defined)


def test_every_file_has_type_place_and_checksum(described: dict[str, Any]) -> None:
    for node in described["distribution"]:
        assert node["encodingFormat"]
        if node["@type"] == "cr:FileObject":
            assert node["contentUrl"]
            assert node["sha256"]
        else:
            assert node["@type"] == "cr:FileSet"
            assert node["includes"]


def test_the_ledger_is_the_shipped_one(described: dict[str, Any], ledger: list[dict[str, str]]) -> None:
    (node,) = [node for node in described["distribution"] if node["@id"] == "ledger.jsonl"]
    path = (CROISSANT.parent / node["contentUrl"]).resolve()
    content = path.read_bytes()
    assert node["sha256"] == hashlib.sha256(content).hexdigest()
    assert node["contentSize"] == f"{len(content)} B"
    assert f"{len(ledger)} AI-generated portraits" in described["description"]


def test_fields_are_the_ledgers_columns(described: dict[str, Any], ledger: list[dict[str, str]]) -> None:
    (records,) = described["recordSet"]
    columns = {field["source"]["extract"]["column"] for field in records["field"]}
    assert all(row.keys() == columns for row in ledger)
    keys = [row["portrait"] for row in ledger]
    assert records["key"] == {"@id": "portraits/portrait"}
    assert len(set(keys)) == len(keys)


def test_the_licences_are_the_ledgers(described: dict[str, Any], ledger: list[dict[str, str]]) -> None:
    assert {Path(url).stem for url in described["license"]} == {row["licence"] for row in ledger}


@pytest.mark.parametrize(
    "name",
    [
        "dataCollection",
        "dataCollectionType",
        "dataPreprocessingProtocol",
        "dataAnnotationProtocol",
        "machineAnnotationTools",
        "dataUseCases",
        "dataLimitations",
        "dataBiases",
        "personalSensitiveInformation",
        "dataSocialImpact",
        "dataReleaseMaintenancePlan",
    ],
)
def test_responsible_ai_fields_say_something(described: dict[str, Any], name: str) -> None:
    assert described[f"rai:{name}"]


def test_held_out_portraits_are_those_of_the_data_card(ledger: list[dict[str, str]]) -> None:
    held_out = {row["portrait"] for row in ledger if row["split"] == "held out"}
    assert held_out == {row["portrait"] for row in ledger if int(row["portrait"]) % 8 == 0}
    assert len(held_out) == 103
