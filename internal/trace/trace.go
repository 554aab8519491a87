// Package trace sends spans to a collector, only where one is configured.
package trace

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Tracer makes spans of requests. Span names are route patterns: tokens in paths stay out.
type Tracer struct{ provider *sdktrace.TracerProvider }

// Open gives nil where OTEL_EXPORTER_OTLP_ENDPOINT is not set.
func Open(ctx context.Context, version string) (*Tracer, error) {
	if os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") == "" && os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") == "" {
		return nil, nil
	}
	exp, err := otlptracehttp.New(ctx)
	if err != nil {
		return nil, fmt.Errorf("open the trace exporter: %w", err)
	}
	res := resource.NewSchemaless(attribute.String("service.name", "sotto"), attribute.String("service.version", version))
	return &Tracer{sdktrace.NewTracerProvider(sdktrace.WithBatcher(exp), sdktrace.WithResource(res))}, nil
}

// Start opens the span of one request. end gives it the route's pattern and the status alone: the usual middleware
// records paths and queries too, and tokens stand there. It does nothing on a nil tracer.
func (t *Tracer) Start(r *http.Request, route string) (ctx context.Context, end func(status int)) {
	ctx = r.Context()
	if t == nil {
		return ctx, func(int) {}
	}
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(r.Header))
	ctx, span := t.provider.Tracer("sotto.chat/web").Start(ctx, r.Method+" "+route, trace.WithSpanKind(trace.SpanKindServer))
	return ctx, func(status int) {
		span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		span.End()
	}
}

// Close sends what is left.
func (t *Tracer) Close(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.provider.Shutdown(ctx)
}
