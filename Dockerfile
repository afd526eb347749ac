# asyncspy beside the container that it watches:
#
#   docker build -t asyncspy .
#   docker run --rm -it --pid=container:web --cap-add=SYS_PTRACE asyncspy find-workers
#   docker run --rm -it --pid=container:web --cap-add=SYS_PTRACE -v "$PWD:/out" asyncspy attach --pid 1 --output /out
#
# The packages are those of locks/, whose files are held to their hashes. For the same image each time give the base by
# its digest too (--build-arg BASE=python:3.13-slim@sha256:…), and a time to docker or buildah (SOURCE_DATE_EPOCH,
# --timestamp).
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 SOURCE_DATE_EPOCH=315532800
COPY locks /src/locks
# The venv that is shipped has no pip; that of the tools, which is not shipped, fills it.
RUN python3 -m venv /tools && python3 -m venv --without-pip /opt/asyncspy \
    && /tools/bin/pip install --require-hashes -r /src/locks/build.txt \
    && /tools/bin/pip --python /opt/asyncspy/bin/python3 install --no-compile --require-hashes -r /src/locks/runtime.txt
COPY pyproject.toml README.md LICENSE /src/
COPY asyncspy /src/asyncspy
RUN /tools/bin/pip wheel --no-deps --no-index --no-build-isolation --wheel-dir /wheels /src \
    && /tools/bin/pip --python /opt/asyncspy/bin/python3 install --no-compile --no-deps --no-index /wheels/*.whl \
    && /opt/asyncspy/bin/python3 -m compileall -q --invalidation-mode unchecked-hash /opt/asyncspy/lib

FROM ${BASE}
COPY --from=build /opt/asyncspy /opt/asyncspy
ENV PATH=/opt/asyncspy/bin:$PATH PYTHONDONTWRITEBYTECODE=1
WORKDIR /out
ENTRYPOINT ["asyncspy"]
CMD ["find-workers"]
