# The testbed in an image. By default it runs a campaign into the volume /out:
#   docker build -t procbuf . && docker run -v "$PWD/out:/out" procbuf
# Others: docker run procbuf tests; docker run -v "$PWD:/in" procbuf repro /in/FILE
FROM debian:12.11-slim
ENV DEBIAN_FRONTEND=noninteractive
COPY fuzz/setup /procbuf/fuzz/setup
RUN /procbuf/fuzz/setup/install && rm -rf /var/lib/apt/lists/*
RUN useradd --create-home fuzz && mkdir /out && chown fuzz /out /procbuf
COPY --chown=fuzz . /procbuf
USER fuzz
WORKDIR /procbuf
RUN cmake --preset fuzz && cmake --build --preset fuzz \
    && cmake --preset coverage && cmake --build --preset coverage
VOLUME /out
ENTRYPOINT ["/procbuf/fuzz/setup/entrypoint"]
CMD ["campaign"]
