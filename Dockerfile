# asyncspy beside the container that it watches:
#
#   docker build -t asyncspy .
#   docker run --rm -it --pid=container:web --cap-add=SYS_PTRACE asyncspy find-workers
#   docker run --rm -it --pid=container:web --cap-add=SYS_PTRACE -v "$PWD:/out" asyncspy attach --pid 1 --output /out
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
COPY pyproject.toml README.md LICENSE /src/
COPY asyncspy /src/asyncspy
RUN python3 -m venv /opt/asyncspy && /opt/asyncspy/bin/pip install --no-cache-dir --no-compile /src

FROM ${BASE}
COPY --from=build /opt/asyncspy /opt/asyncspy
ENV PATH=/opt/asyncspy/bin:$PATH PYTHONDONTWRITEBYTECODE=1
WORKDIR /out
ENTRYPOINT ["asyncspy"]
CMD ["find-workers"]
