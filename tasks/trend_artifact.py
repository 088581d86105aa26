"""Keep one artifact of each trend in the Prefect UI up to date."""

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import ArtifactFilter, ArtifactFilterKey
from prefect.client.schemas.sorting import ArtifactSort

from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.trend import trend_key


def publish_trend(identity: RunIdentity, markdown: str) -> None:
    """Update the artifact of a configuration's trend, or create it.

    So the list of artifacts has one of each configuration, whatever the number of its runs.
    """
    key = f"trend-{trend_key(identity)}"
    description = markdown.partition("\n")[0].removeprefix("# ")  # what changed, in the list
    newest = ArtifactFilter(key=ArtifactFilterKey(any_=[key]))
    with get_client(sync_client=True) as client:
        known = client.read_artifacts(
            artifact_filter=newest, sort=ArtifactSort.UPDATED_DESC, limit=1
        )
        if known:
            update = ArtifactUpdate(data=markdown, description=description)
            client.update_artifact(known[0].id, update)
            return
    create_markdown_artifact(markdown, key=key, description=description)
