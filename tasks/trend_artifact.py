"""Keep one artifact of each trend in the Prefect UI up to date."""

from contextlib import suppress

from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import ArtifactUpdate
from prefect.client.schemas.filters import ArtifactCollectionFilter, ArtifactCollectionFilterKey
from prefect.exceptions import ObjectNotFound

from reviewflow.runs.identity import RunIdentity
from reviewflow.runs.trend import trend_key


def publish_trend(identity: RunIdentity, markdown: str) -> None:
    """Update the artifact of a configuration's trend, or create it.

    So the list of artifacts has one of each configuration, whatever the number of its runs.
    """
    key = f"trend-{trend_key(identity)}"
    description = markdown.partition("\n")[0].removeprefix("# ")  # what changed, in the list
    of_key = ArtifactCollectionFilter(key=ArtifactCollectionFilterKey(any_=[key]))
    with get_client(sync_client=True) as client, suppress(ObjectNotFound):
        for known in client.read_latest_artifacts(artifact_filter=of_key):
            update = ArtifactUpdate(data=markdown, description=description)
            client.update_artifact(known.latest_id, update)
            return
    create_markdown_artifact(markdown, key=key, description=description)
