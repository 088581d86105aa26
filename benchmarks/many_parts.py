"""Give a job of one part many more, with an artifact for each step.

index of one part ─▶ as many parts as are wanted ─▶ graph, keys ─▶ artifact of each step

A part is a copy of the first with digests of its own. The file of its artifact holds a number
instead of rows, since an unchanged run looks at sizes and times only. Keys and manifests are those
that the planner gives these steps.
"""

import json
import os
import shutil
from pathlib import Path
from typing import Any

from reviewflow.config.sections import Config
from reviewflow.config.sentiment import read_config
from reviewflow.jobs.open_sentiment import open_sentiment
from reviewflow.pipeline.graph import Step
from reviewflow.pipeline.last_run import LastRun
from reviewflow.pipeline.planner import Planner
from reviewflow.reviews.index_cache import cache, cache_key, find_cached
from reviewflow.reviews.input_files import input_files
from reviewflow.store.artifacts import MANIFEST, Artifact
from reviewflow.store.files import sha256_of
from reviewflow.store.hashing import digest_of


def multiply(config: str, artifacts: str, parts: int) -> dict[str, float]:
    """Give the job in a folder of artifacts many parts, and return its steps.

    Parameters
    ----------
    config : path of the configuration.
    artifacts : holds those of a run with one part.
    """
    settings, folder = read_config(Path(config)), Path(artifacts)
    multiply_index(settings, folder / "memos", parts)
    planner = open_sentiment(settings, folder, LastRun())
    manifests = planner.store.folder.glob(f"*/*/{MANIFEST}")
    models = {path.parents[1].name: path.parent for path in manifests}
    steps = [step for node in planner.nodes for step in node.steps]
    for step in steps:
        made = write_artifact(planner, step, models[step.node.stage.name])
        planner.record(step, made, ran=False)
    return {"steps": len(steps)}


def multiply_index(config: Config, memos: Path, parts: int) -> None:
    """Remember many parts of the file of the reviews, instead of one."""
    (file,) = input_files(config.ingest)
    key = cache_key("parts", config.ingest, file)
    content = find_cached(memos, key)
    (only,) = content["parts"]
    copies = [
        {**only, "digests": {name: digest_of([own, n]) for name, own in only["digests"].items()}}
        for n in range(parts)
    ]
    cache(memos, key, {**content, "parts": copies})


def write_artifact(planner: Planner, step: Step, model: Path) -> Artifact:
    """Write the artifact of a step, after the model of that of one part."""
    manifest: dict[str, Any] = json.loads((model / MANIFEST).read_text(encoding="utf-8"))
    resolved = planner.resolve(step)
    folder = planner.store.path(resolved.stage, resolved.key)
    found = planner.store.find(resolved.stage, resolved.key)
    if isinstance(found, Artifact):  # it does not depend on the rows
        return found
    if step.part is None:
        shutil.copytree(model, folder)
    else:
        folder.mkdir()
        for name in manifest["files"]:
            (folder / name).write_text(str(step.part), encoding="utf-8")
    for name, entry in manifest["files"].items():
        status = os.stat(folder / name)
        entry |= {
            "bytes": status.st_size,
            "sha256": sha256_of(folder / name),
            "mtime_ns": status.st_mtime_ns,
        }
    digests = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    if step.node.stage.reads_source and planner.source and step.part is not None:
        digests |= planner.source.digests(step.part)
    manifest |= {
        "key": resolved.key,
        "digests": digests,
        "fingerprint": resolved.fingerprint.digest,
        "key_parts": resolved.fingerprint.to_json(),
        "inputs": resolved.input_digests,
    }
    manifest.pop("manifest_digest")
    manifest["manifest_digest"] = digest_of(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    return Artifact.from_manifest(folder.parent, manifest)
