FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -tags nomsgpack -trimpath -ldflags '-s -w' -o /sotto ./cmd/sotto

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /sotto /sotto
USER 65534:65534
ENV SOTTO_LISTEN=0.0.0.0:8080 SOTTO_DATA=/data
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/sotto"]
CMD ["serve"]
