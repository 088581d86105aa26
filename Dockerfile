# reviewflow for runs and for a worker. docs/operations.md shows how to build and use the image.
#
# /project is the folder of a project: its configurations, data/ and artifacts/.

FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# The package index of PyTorch's builds for the CPU, as PyTorch's installation page names it. Without it PyPI's build for CUDA is
# installed, which is several gigabytes larger.
ARG TORCH_INDEX
RUN PIP_INDEX_URL="$TORCH_INDEX" pip install torch==2.13.0

COPY requirements.lock /src/
RUN pip install --requirement /src/requirements.lock

COPY pyproject.toml README.md LICENSE reviewflow_command.py prefect.yaml /src/
COPY configs /src/configs
COPY flows /src/flows
COPY tasks /src/tasks
COPY reviewflow /src/reviewflow
RUN pip install --no-deps /src

WORKDIR /project
ENTRYPOINT ["reviewflow"]
CMD ["run"]
