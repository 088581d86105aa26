"""Links in the Prefect UI that open the pages of a run."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.artifacts import create_link_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactCreate
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger

from reviewflow.errors import StoreError
from reviewflow.reporting.page.markdown import markdown_text
from reviewflow.store.files import write_atomically
from tasks.environment import KEPT, OWN_SERVER, SHOWN_AT, UI
from tasks.shown_run import description

FILES_PORT = 4210  # where `reviewflow ui` serves files beside a Prefect server that is not its own
CAUSE_KEY = "link-started-after"  # the artifact of the run that started this one
LIST_KEY = "link-reports"  # the artifact of the page of all runs


def link(path: Path, artifacts: Path) -> str:
    """Return the address at which a file of the artifacts folder is served.

    This checkout's own server serves them beside the UI, whatever its port, so the address has no
    host. Beside another server they are on a port of their own.
    """
    return f"{list_address()}{path.absolute().relative_to(artifacts.absolute()).as_posix()}"


def list_address() -> str:
    """Return the address of the page of all runs.

    It has no host on our own server.
    """
    base = "" if os.environ.get(OWN_SERVER) else f"http://127.0.0.1:{FILES_PORT}"
    return f"{base}/reviewflow/"


def report_address(page: Path, artifacts: Path) -> str | None:
    """Return the address of a page for readers outside the UI, if it lasts.

    The server of a run by hand ends with the run, unless ``reviewflow ui`` keeps it.
    """
    own, host = os.environ.get(OWN_SERVER), _lasting_ui()
    if not page.absolute().is_relative_to(artifacts.absolute()) or (own and host is None):
        return None
    return f"{host if own else ''}{link(page, artifacts)}"


def flow_run_address(flow_run_id: Any) -> str | None:
    """Return the address of a flow run's page with its log, if it lasts."""
    host = _lasting_ui()
    if host is None or not isinstance(flow_run_id, str):
        return None
    return f"{host}/runs/flow-run/{flow_run_id}"


def _lasting_ui() -> str | None:
    """Return the address of Prefect's UI, None if it ends with the run."""
    own, shown = os.environ.get(OWN_SERVER), os.environ.get(SHOWN_AT)
    if shown:
        return shown.rstrip("/")
    if own and not {UI, KEPT} & os.environ.keys():
        return None
    api = own or os.environ.get("PREFECT_API_URL") or ""
    return api.removesuffix("/api").rstrip("/") or None


def publish_links(pages: Mapping[str, Path], artifacts: Path) -> None:
    """Create a link artifact for every page in the artifacts folder."""
    for name, path in pages.items():
        if path.absolute().is_relative_to(artifacts.absolute()):
            key = f"link-{name.lower().replace(' ', '-')}"
            shown = description(f"link to {name}")
            create_link_artifact(link(path, artifacts), link_text=name, key=key, description=shown)


def publish_list_link() -> None:
    """Create a link artifact for the page of all runs, unless it is there."""
    of_key = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[LIST_KEY]))
    with get_client(sync_client=True) as client:
        known = client.read_latest_artifacts(artifact_filter=of_key)
        link_text = f"[All runs]({list_address()})"
        if link_text not in [artifact.data for artifact in known]:
            description = "All runs, with links to their pages"
            client.create_artifact(
                ArtifactCreate(
                    key=LIST_KEY, type="markdown", description=description, data=link_text
                )
            )


def publish_cause(identity: str) -> None:
    """Link the flow run after which this one was started, if it is known."""
    with get_client(sync_client=True) as client, suppress(ObjectNotFound, ValueError):
        cause = client.read_flow_run(UUID(identity))
        state = cause.state_name or "in no state"
        get_run_logger().info("Started after the run “%s”, which is %s.", cause.name, state)
        create_link_artifact(
            f"/runs/flow-run/{identity}",
            link_text=markdown_text(cause.name),
            key=CAUSE_KEY,
            description=f"Started after {cause.name}",
        )


def pictures(charts: Path | None, folder: Path, artifacts: Path) -> str:
    """Return Markdown with the charts of a run for the Prefect UI, if any.

    They are copied into the run's folder, so that they stay as long as the run does, and get a
    white ground, since the UI is dark.

    Raises
    ------
    StoreError : if they cannot be copied.
    """
    drawings = sorted(charts.glob("*.svg")) if charts else []
    copies = [folder / "charts" / path.name for path in drawings]
    try:
        for path, copy in zip(drawings, copies, strict=True):
            copy.parent.mkdir(exist_ok=True)
            text = path.read_text(encoding="utf-8")
            write_atomically(copy, text.replace("<svg ", '<svg style="background: white" ', 1))
    except OSError as error:
        raise StoreError(f"The run's charts in {folder} cannot be written ({error}).") from None
    images = [f"![{copy.stem}]({link(copy, artifacts)})\n" for copy in copies]
    return "\n".join(["\n## Charts\n", *images]) if images else ""
