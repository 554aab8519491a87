// Package metrics counts what an operator wants to be woken for.
package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics is one registry; labels are routes, names of listeners and outcomes, never ids or words of customers.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	work     *prometheus.HistogramVec
	failures *prometheus.CounterVec
}

// New makes the registry. pending gives the number of promises that are not done.
func New(version string, pending func() float64) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sotto_http_request_seconds", Help: "Time to answer, by route and status.",
			Buckets: []float64{.001, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}}, []string{"route", "method", "status"}),
		work: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sotto_work_seconds", Help: "Time of promised work, by listener.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 30}}, []string{"listener"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sotto_work_failures_total", Help: "Promised work that failed and will be tried again, by listener."}, []string{"listener"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sotto_build_info", Help: "Always 1.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.registry.MustRegister(m.requests, m.work, m.failures, info, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "sotto_promises_pending", Help: "Promises not done yet. Rising without end means that workers are stuck."}, pending))
	return m
}

// Request records one HTTP answer.
func (m *Metrics) Request(route, method string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Observe(took.Seconds())
}

// Work records one piece of promised work.
func (m *Metrics) Work(listener string, took time.Duration, err error) {
	m.work.WithLabelValues(listener).Observe(took.Seconds())
	if err != nil {
		m.failures.WithLabelValues(listener).Inc()
	}
}

// Handler serves the numbers.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}
